// SPDX-License-Identifier: GPL-2.0
/*
 * A page is overwritten while its failure is handled. Whichever ends first, the
 * page is failed or good; a good one must be in the direct map.
 */
#include "devices.h"

#define NO_GAP	"what is not flagged is in the direct map"

#define NR_PAGES	12

static void run(void)
{
	int i, status, gaps = 0, refused = 0, repaired = 0;
	bool good = true;

	mount_xfs(NULL);
	make_file(file("f"), NR_PAGES * PAGE);
	make_handling_last(file("f"), NR_PAGES);
	for (i = 0; i < NR_PAGES; i++) {
		unsigned long pfn = pmem_pfn(PMEM, file_physical(file("f"),
								i * PAGE));
		long before = hardware_corrupted();
		pid_t writer = fork_child();

		if (!writer) {
			while (hardware_corrupted() == before)
				;
			_exit(!!write_page(file("f"), i * PAGE, 'R'));
		}
		machine_check(pfn);
		status = wait_for(writer);
		must(WIFEXITED(status), "the writer ended with %#x", status);
		refused += !!status;
		if (flagged(pfn))
			continue;
		repaired++;
		if (in_direct_map(pfn))
			good &= read_byte(file("f"), i * PAGE) == 'R';
		else
			gaps++;
	}
	remark("of %d: %d writes refused, %d pages good", NR_PAGES, refused,
	       repaired);
	check_result(gaps, 0, NO_GAP);
	check(good, "good pages have what was written");
}

SCENARIO("a page is written over while its failure is handled",
	/* Base flags only pages that a file maps, and takes all that fail out. */
	.base.fails = { NO_GAP });
