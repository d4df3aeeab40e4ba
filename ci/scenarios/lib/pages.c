// SPDX-License-Identifier: GPL-2.0
/*
 * Read struct pages from physical memory: /proc/kpageflags shows 0 for pages of
 * device memory.
 *
 * The memory map is found by walking the kernel's page table through /dev/mem.
 * This needs KASLR to move only what /proc/kallsyms lists, and addresses of 48 bits in
 * page tables; ci/guest boots so.
 */
#include "lib.h"
#include "race.h"

#define PRESENT		(1UL << 0)
#ifdef __aarch64__
#define TOP		"swapper_pg_dir"
#define ADDRESS		(0x0001000000000000UL - PAGE)
#define is_large(entry)	(!((entry) & (1UL << 1)))
#else
#define TOP		"init_top_pgt"
#define ADDRESS		0x000ffffffffff000UL
#define is_large(entry)	((entry) & (1UL << 7))
#endif
#define TAIL	1UL

static int mem = -1;

static void read_physical(uint64_t phys, void *buf, size_t len)
{
	if (mem < 0)
		mem = open("/dev/mem", O_RDONLY | O_CLOEXEC);
	must(mem >= 0, "/dev/mem: %m");
	must(pread(mem, buf, len, phys) == (ssize_t)len);
}

/* From VMCOREINFO, the kernel's notes for crash dumps */
static long kernel_number(const char *key)
{
	static char notes[2 * PAGE];	/* a page and headers */
	uint64_t phys, len;
	char *at;

	if (!notes[0]) {
		must(sscanf(text_of("/sys/kernel/vmcoreinfo"), "%lx %lx", &phys,
			    &len) == 2 && len < sizeof(notes));
		read_physical(phys, notes, len);
	}
	at = memmem(notes, sizeof(notes), key, strlen(key));
	must(at, "VMCOREINFO has no %s", key);
	return strtoul(at + strlen(key), NULL, 0);
}

/* The line of a text file that has this; NULL if there is none */
static char *line_with(const char *path, const char *what)
{
	char *text = text_of(path), *at = strstr(text, what);

	while (at && at > text && at[-1] != '\n')
		at--;
	return at;
}

/* The physical address of this symbol in the kernel's image. */
static uint64_t physical_of_symbol(const char *name)
{
#ifdef __aarch64__
	const long base = -kernel_number("NUMBER(kimage_voffset)=");
#else
	const long base = kernel_number("NUMBER(phys_base)=") -
			  0xffffffff80000000UL;	/* __START_KERNEL_map */
#endif
	char end[128], *line;

	snprintf(end, sizeof(end), " %s\n", name);
	line = line_with("/proc/kallsyms", end);
	must(line, "/proc/kallsyms has no %s", name);
	return strtoul(line, NULL, 16) + base;
}

/*
 * The physical address of a kernel address, and the number of contiguous bytes from
 * there; false if the kernel does not map it.
 */
static bool find_physical(uint64_t addr, uint64_t *phys, uint64_t *len)
{
	static uint64_t top;
	const int bits = PAGE_LSB - 3;	/* of an address that a table translates */
	uint64_t entry, table;
	int shift;

	if (!top)
		top = physical_of_symbol(TOP);
	table = top;
	addr &= (1UL << 48) - 1;
	for (shift = 47 - (47 - PAGE_LSB) % bits; ; shift -= bits) {
		read_physical(table + (addr >> shift & ((1 << bits) - 1)) * 8, &entry, 8);
		if (!(entry & PRESENT))
			return false;
		table = entry & ADDRESS;
		if (shift == PAGE_LSB || (shift + bits < 48 && is_large(entry)))
			break;
	}
	*len = (1UL << shift) - (addr & ((1UL << shift) - 1));
	/* a large entry has flags in the address's low bits */
	*phys = (table & ~((1UL << shift) - 1)) | (addr & ((1UL << shift) - 1));
	return true;
}

/* Where the kernel maps page frame 0 and its struct page, even if there is none */
static uint64_t direct_map, memory_map;

static void find_maps(void)
{
	if (memory_map)
		return;
#ifdef __aarch64__
	direct_map = 0xffff000000000000UL;	/* PAGE_OFFSET */
	direct_map -= kernel_number("NUMBER(PHYS_OFFSET)=");
	memory_map = kernel_number("NUMBER(VMEMMAP_START)=");
	memory_map -= kernel_number("NUMBER(PHYS_OFFSET)=") / PAGE *
		      kernel_number("SIZE(page)=");
#else
	read_physical(physical_of_symbol("page_offset_base"), &direct_map, 8);
	read_physical(physical_of_symbol("vmemmap_base"), &memory_map, 8);
#endif
}

bool in_direct_map(unsigned long pfn)
{
	uint64_t phys, len;

	find_maps();
	return find_physical(direct_map + pfn * PAGE, &phys, &len);
}

/* Where the struct page is, if any; how much of the memory map follows */
static bool find_page(unsigned long pfn, uint64_t *phys, uint64_t *len)
{
	const long size = kernel_number("SIZE(page)=");

	find_maps();
	must(memory_map >= 0xffff800000000000UL && size <= (long)PAGE &&
	     PAGE % size == 0);
	return find_physical(memory_map + pfn * size, phys, len);
}

bool flagged(unsigned long pfn)
{
	uint64_t phys, len, flags;

	if (!find_page(pfn, &phys, &len))
		return false;
	read_physical(phys + kernel_number("OFFSET(page.flags)="), &flags, 8);
	return flags >> kernel_number("NUMBER(PG_hwpoison)=") & 1;
}

bool pfns_of_device(unsigned long *first, unsigned long *nr)
{
	char *line = line_with("/proc/iomem", " : namespace0.0");
	unsigned long start, end;

	if (!line)
		return false;
	must(sscanf(line, "%lx-%lx", &start, &end) == 2);
	*first = start / PAGE;
	*nr = (end + 1 - start) / PAGE;
	return true;
}

void for_each_page(unsigned long pfn, unsigned long nr,
		   void (*what)(unsigned long pfn, const struct page_state *))
{
	const long size = kernel_number("SIZE(page)=");
	const long flags = kernel_number("OFFSET(page.flags)=");
	const long compound = kernel_number("OFFSET(page.compound_info)=");
	const long mapping = kernel_number("OFFSET(page.mapping)=");
	const long private = kernel_number("OFFSET(page.private)=");
	const long refcount = kernel_number("OFFSET(page._refcount)=");
	const long hwpoison = kernel_number("NUMBER(PG_hwpoison)=");
	unsigned long i, n;
	uint64_t phys, len;
	struct page_state s;
	static char buf[PMD];

	for (; nr; nr -= n) {
		must(find_page(pfn, &phys, &len));
		if (len > sizeof(buf))
			len = sizeof(buf);
		n = len / size < nr ? len / size : nr;
		read_physical(phys, buf, n * size);
		for (i = 0; i < n; i++, pfn++) {
			const char *page = buf + i * size;

			s.failed = *(uint64_t *)(page + flags) >> hwpoison & 1;
			s.tail = *(uint64_t *)(page + compound) & TAIL;
			s.mapping = *(uint64_t *)(page + mapping);
			s.index = *(uint64_t *)(page + mapping + 8);
			s.private = *(uint64_t *)(page + private);
			s.refcount = *(int32_t *)(page + refcount);
			what(pfn, &s);
		}
	}
}
