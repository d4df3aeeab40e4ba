// SPDX-License-Identifier: GPL-2.0
/*
 * The model: files, blocks, mappings and page tables, and how operations change
 * them. Nothing here reads the kernel's state.
 */
#include "fuzz.h"

struct inode *files[NR_FILES];
struct process processes[NR_PROCS];
struct vma vmas[NR_PROCS][NR_VMAS];
bool early_by_default;
bool frozen;
bool any_lost;
int inodes_gone;

static const unsigned char zeroes[PAGE] __attribute__((aligned(8)));

/* All inodes that may be mapped, unlinked ones included. */
static struct inode *inodes;

static struct block **at_place;		/* by page of the device */
static unsigned char *failures;		/* MACHINE_CHECK, SCRUBBED */
static long bad_ever[4096];		/* pages that are or were bad */
static int nr_bad_ever;

/* FNV-1a over words: fast under emulation */
uint64_t page_hash(const void *page)
{
	const uint64_t *word = page;
	uint64_t hash = 14695981039346656037ULL;
	unsigned int i;

	for (i = 0; i < PAGE / 8; i++)
		hash = (hash ^ word[i]) * 1099511628211ULL;
	return hash;
}

static void *zeroed(size_t nr, size_t size)
{
	void *memory = calloc(nr, size);

	must(memory, "no memory");
	return memory;
}

void model_reset(void)
{
	struct inode *inode;
	struct vma *vma;

	for_each_vma(vma)
		vma_dropped(vma, 0, HUGE_PAGES);
	memset(processes, 0, sizeof(processes));
	for_each_file(inode)
		inode_unlink(inode);
	free(at_place);
	free(failures);
	at_place = zeroed(pages_of_device(), sizeof(*at_place));
	failures = zeroed(pages_of_device(), sizeof(*failures));
	early_by_default = true;
	frozen = any_lost = false;
	nr_bad_ever = inodes_gone = 0;
}

/* --- blocks --- */

struct block *block_at(long where)
{
	return where < 0 ? NULL : at_place[where];
}

void block_is_at(struct block *block, long where)
{
	agree(where >= 0 && where < pages_of_device(),
	      "a block is not on the device (page %ld)", where);
	if (block->where == where)
		return;
	agree(block->where < 0,
	      "a block has moved without a write to it (from %#lx to %#lx)",
	      block->where, where);
	agree(!at_place[where], "two blocks are at the same place (%#lx)", where);
	block->where = where;
	at_place[where] = block;
}

bool bad_place(long where)
{
	return where >= 0 && failures[where];
}

bool bad(const struct block *block)
{
	return block && bad_place(block->where);
}

bool flagged_place(long where)
{
	return where >= 0 && failures[where] & MACHINE_CHECK;
}

void bad_from_now(long where, int how)
{
	int i;

	failures[where] |= how;
	for (i = 0; i < nr_bad_ever; i++)
		if (bad_ever[i] == where)
			return;
	must(nr_bad_ever < (int)ARRAY_SIZE(bad_ever), "too many bad pages");
	bad_ever[nr_bad_ever++] = where;
}

/* Is there a bad page outside all files? */
bool bad_and_free(void)
{
	int i;

	for (i = 0; i < nr_bad_ever; i++)
		if (failures[bad_ever[i]] && !at_place[bad_ever[i]])
			return true;
	return false;
}

/* All of it was written through the driver. */
void repaired(long where)
{
	failures[where] = 0;
}

/*
 * The number of flagged pages. The filesystem can repair a page outside all
 * files by using it for metadata, which the model cannot know: ask.
 */
long flagged_pages(bool (*still)(long where))
{
	long n = 0;
	int i;

	for (i = 0; i < nr_bad_ever; i++) {
		if (!flagged_place(bad_ever[i]))
			continue;
		if (!at_place[bad_ever[i]] && !still(bad_ever[i]))
			repaired(bad_ever[i]);
		else
			n++;
	}
	return n;
}

/* --- files --- */

struct inode *inode_new(int slot, const char *path)
{
	struct inode *inode = zeroed(1, sizeof(*inode));

	inode->slot = slot;
	inode->fd = -1;
	inode->huge = slot >= NR_SMALL;
	inode->max_pages = inode->huge ? HUGE_PAGES : SMALL_PAGES;
	inode->dax = true;
	snprintf(inode->path, sizeof(inode->path), "%s", path);
	inode->next = inodes;
	return files[slot] = inodes = inode;
}

static void page_set(struct inode *inode, long page, struct block *block)
{
	struct block *old = inode->page[page];

	if (block)
		block->refs++;
	inode->page[page] = block;
	if (old && !--old->refs) {
		if (old->where >= 0)
			at_place[old->where] = NULL;
		free(old);
	}
}

struct block *page_new(struct inode *inode, long page)
{
	struct block *block = zeroed(1, sizeof(*block));
	struct block *old = inode->page[page];
	static long last_id;

	block->id = ++last_id;
	block->where = -1;
	if (old)
		memcpy(block->data, old->data, PAGE);
	page_set(inode, page, block);
	return block;
}

void pages_freed(struct inode *inode, long from, long to)
{
	for (; from < to; from++)
		page_set(inode, from, NULL);
}

void pages_get(struct inode *inode, long page, long n, struct block **blocks)
{
	memcpy(blocks, &inode->page[page], n * sizeof(*blocks));
	while (n--)
		if (blocks[n])
			blocks[n]->refs++;
}

void pages_put(struct inode *inode, long page, long n, struct block **blocks)
{
	while (n--) {
		page_set(inode, page + n, blocks[n]);
		if (blocks[n])
			blocks[n]->refs--;
	}
}

static void free_unused(struct inode *inode)
{
	struct inode **at = &inodes;

	if (inode->mappings || inode->slot >= 0)
		return;
	pages_freed(inode, 0, HUGE_PAGES);
	while (*at != inode)
		at = &(*at)->next;
	*at = inode->next;
	close_fd(inode);
	free(inode);
	inodes_gone++;
}

void inode_unlink(struct inode *inode)
{
	files[inode->slot] = NULL;
	inode->slot = -1;
	free_unused(inode);
}

bool any_mapping(void)
{
	struct inode *inode;

	for (inode = inodes; inode && !inode->mappings; inode = inode->next)
		;
	return inode;
}

void files_lost(const struct block *block)
{
	struct inode *inode;
	long page;

	any_lost = true;
	for (inode = inodes; block && inode; inode = inode->next)
		for (page = 0; page < inode->nr_pages; page++)
			inode->lost |= inode->page[page] == block;
}

const unsigned char *data_of(const struct block *block)
{
	return block ? block->data : zeroes;
}

/* --- mappings --- */

struct block *block_of(const struct vma *vma, long i)
{
	long page = vma->pgoff + i;

	return page < vma->inode->nr_pages ? vma->inode->page[page] : NULL;
}

const unsigned char *seen_at(const struct vma *vma, long i)
{
	return vma->pte[i] == COPY ? vma->copy[i] : data_of(block_of(vma, i));
}

static void set_pte(struct vma *vma, long i, enum pte pte)
{
	if (vma->pte[i] == COPY) {
		free(vma->copy[i]);
		vma->copy[i] = NULL;
	}
	vma->pte[i] = pte;
}

static void make_copy(struct vma *vma, long i, const void *data)
{
	unsigned char *copy = zeroed(1, PAGE);

	memcpy(copy, data, PAGE);
	set_pte(vma, i, COPY);
	vma->copy[i] = copy;
}

void change(struct vma *vma, long from, long to, int old, enum pte pte)
{
	long i;

	for (i = max(from, vma->from); i < min(to, vma->to); i++)
		if (old >> vma->pte[i] & 1)
			set_pte(vma, i, pte);
}

void change_all(struct inode *inode, long from, long to, int old, enum pte pte)
{
	struct vma *vma;

	for_each_vma(vma)
		if (vma->inode == inode)
			change(vma, from - vma->pgoff, to - vma->pgoff, old,
			       pte);
}

void change_around(struct vma *vma, long i, int old, enum pte pte)
{
	long first = chunk_of(vma->pgoff + i) - vma->pgoff;

	if (vma->inode->huge)
		change(vma, first, first + CHUNK, old, pte);
}

void uncertain(struct inode *inode, long page)
{
	if (inode->huge)
		unsure(inode, chunk_of(page), chunk_of(page) + CHUNK);
}

void faulted(struct vma *vma, long i)
{
	long k, first = chunk_of(vma->pgoff + i) - vma->pgoff;

	if (!vma->inode->huge)
		return;
	uncertain(vma->inode, vma->pgoff + i);
	for (k = max(first, vma->from); k < min(first + CHUNK, vma->to); k++)
		if (vma->pte[k] == NONE && !bad(block_of(vma, k)))
			vma->pte[k] = MAY;
}

void stored_to_copy(struct vma *vma, long i, int offset, int len, int byte)
{
	if (vma->pte[i] != COPY) {
		make_copy(vma, i, seen_at(vma, i));
		faulted(vma, i);
	}
	memset(vma->copy[i] + offset, byte, len);
}

/*
 * A forked process inherits a mapping. fork() skips page tables that faults can refill,
 * unless some of the pages are copies.
 */
void vma_copied(struct vma *to, const struct vma *from)
{
	long i;

	*to = *from;
	to->inode->mappings++;
	change(to, 0, HUGE_PAGES, MAPPED,
	       to->shared ? NONE : MAY);
	for (i = to->from; i < to->to; i++)
		if (to->pte[i] == COPY) {
			to->pte[i] = NONE;	/* the copy is the parent's */
			make_copy(to, i, from->copy[i]);
		}
}

/* These pages are unmapped: all, or some at one end. */
void vma_dropped(struct vma *vma, long from, long to)
{
	struct inode *inode = vma->inode;

	from = max(from, vma->from);
	to = min(to, vma->to);
	change(vma, from, to, ~0, NONE);
	if (from == vma->from)
		vma->from = to;
	else
		vma->to = from;
	if (vma->from < vma->to)
		return;
	memset(vma, 0, sizeof(*vma));
	inode->mappings--;
	free_unused(inode);
}

/* --- for debugging a difference --- */

void dump_block(const struct block *block)
{
	static const char *const names[] = {
		"not", "mapped", "as a hole", "copied", "maybe"
	};
	struct inode *inode;
	struct vma *vma;
	long i;

	if (!block)
		return;
	remark("block at page %#lx (pfn %#lx), %u reference(s)%s", block->where,
	       pfn_at(block->where), block->refs,
	       bad(block) ? ", has failed" : "");
	for (inode = inodes; inode; inode = inode->next)
		for (i = 0; i < inode->nr_pages; i++)
			if (inode->page[i] == block)
				remark("  %s%s page %ld", inode->path,
				       inode->slot < 0 ? " (unlinked)" : "", i);
	for_each_vma(vma)
		for (i = vma->from; i < vma->to; i++)
			if (block_of(vma, i) == block)
				remark("  process %d mapping %d at %#lx: %s page %ld, %s, %s",
				       process_of(vma), slot_of(vma),
				       addr_of(vma, i), vma->inode->path,
				       vma->pgoff + i,
				       vma->shared ? "shared" : "private",
				       names[vma->pte[i]]);
}

void differ_at(const struct vma *vma, long i, const char *what)
{
	dump_block(block_of(vma, i));
	differ("%s (process %d, %#lx, where page %#lx of the device is mapped)",
	       what, process_of(vma), addr_of(vma, i), mapped_place(vma, i));
}
