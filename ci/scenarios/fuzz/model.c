// SPDX-License-Identifier: GPL-2.0
/*
 * The model: files, blocks, mappings and page tables, and how operations change
 * them. Nothing in here asks the kernel.
 */
#include "fuzz.h"

struct inode *files[NR_FILES];
struct process processes[NR_PROCS];
bool early_by_default;
bool frozen;

const unsigned char zeroes[PAGE] __attribute__((aligned(8)));

/* All inodes that may be mapped, unlinked ones included. */
static struct inode *inodes[256];

static struct block **at_place;		/* by page of the device */
static unsigned char *failures;		/* MACHINE_CHECK, SCRUBBED */
static long bad_ever[4096];		/* pages that are or were bad */
static int nr_bad_ever;
int inodes_gone;

/* FNV-1a over words: quick where instructions are slow */
uint64_t page_hash(const void *page)
{
	const uint64_t *word = page;
	uint64_t hash = 14695981039346656037ULL;
	unsigned int i;

	for (i = 0; i < PAGE / 8; i++)
		hash = (hash ^ word[i]) * 1099511628211ULL;
	return hash;
}

void model_reset(void)
{
	unsigned int i;
	int p, v;

	for_each_vma(p, v)
		vma_dropped(&processes[p].vma[v], 0, HUGE_PAGES);
	memset(processes, 0, sizeof(processes));
	for (i = 0; i < NR_FILES; i++)
		if (files[i])
			inode_unlink(files[i]);
	free(at_place);
	free(failures);
	at_place = calloc(pages_of_device(), sizeof(*at_place));
	failures = calloc(pages_of_device(), sizeof(*failures));
	must(at_place && failures, "no memory");
	early_by_default = true;
	frozen = false;
	nr_bad_ever = 0;
}

/* --- blocks --- */

struct block *block_new(void)
{
	struct block *block = calloc(1, sizeof(*block));
	static long last_id;

	must(block, "no memory");
	block->id = ++last_id;
	block->where = -1;
	return block;
}

struct block *block_at(long where)
{
	return where < 0 ? NULL : at_place[where];
}

void block_is_at(struct block *block, long where)
{
	if (where < 0 || where >= pages_of_device())
		differ("a block is not on the device (page %ld)", where);
	if (block->where == where)
		return;
	if (block->where >= 0)
		differ("a block has moved without a write to it (from %#lx to %#lx)",
		       block->where, where);
	if (at_place[where])
		differ("two blocks are at the same place (%#lx)", where);
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

/* Is there a bad page that no file has? */
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
 * How many pages are flagged. The filesystem can repair a page that no file has
 * without the model's knowledge, by using it for metadata: ask.
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
	struct inode *inode = calloc(1, sizeof(*inode));
	unsigned int i;

	must(inode, "no memory");
	inode->slot = slot;
	inode->fd = -1;
	inode->huge = slot >= NR_SMALL;
	inode->dax = true;
	snprintf(inode->path, sizeof(inode->path), "%s", path);
	files[slot] = inode;
	for (i = 0; i < ARRAY_SIZE(inodes); i++) {
		if (!inodes[i]) {
			inodes[i] = inode;
			return inode;
		}
	}
	give_up("too many inodes");
}

void page_set(struct inode *inode, long page, struct block *block)
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

static void inode_gone(struct inode *inode)
{
	unsigned int i;
	long page;

	for (page = 0; page < HUGE_PAGES; page++)
		if (inode->page[page])
			page_set(inode, page, NULL);
	for (i = 0; i < ARRAY_SIZE(inodes); i++)
		if (inodes[i] == inode)
			inodes[i] = NULL;
	if (inode->fd >= 0)
		close(inode->fd);
	free(inode);
	inodes_gone++;
}

void inode_unlink(struct inode *inode)
{
	files[inode->slot] = NULL;
	inode->slot = -1;
	if (!inode->mappings)
		inode_gone(inode);
}

void inode_unmapped(struct inode *inode)
{
	inode->mappings--;
	if (!inode->mappings && inode->slot < 0)
		inode_gone(inode);
}

bool any_mapping(void)
{
	unsigned int i;

	for (i = 0; i < ARRAY_SIZE(inodes); i++)
		if (inodes[i] && inodes[i]->mappings)
			return true;
	return false;
}

/* All files that have @block may have lost something. */
void files_lost(const struct block *block)
{
	unsigned int i;
	long page;

	for (i = 0; i < ARRAY_SIZE(inodes); i++)
		for (page = 0; inodes[i] && page < inodes[i]->nr_pages; page++)
			if (inodes[i]->page[page] == block)
				inodes[i]->lost = true;
}

/* --- mappings --- */

struct block *block_of(const struct vma *vma, long i)
{
	long page = vma->pgoff + i;

	return page < vma->inode->nr_pages ? vma->inode->page[page] : NULL;
}

const unsigned char *seen_at(const struct vma *vma, long i)
{
	struct block *block;

	if (vma->pte[i] == COPY)
		return vma->copy[i];
	block = block_of(vma, i);
	return block ? block->data : zeroes;
}

void set_pte(struct vma *vma, long i, enum pte pte)
{
	if (vma->pte[i] == COPY) {
		free(vma->copy[i]);
		vma->copy[i] = NULL;
	}
	vma->pte[i] = pte;
}

void make_copy(struct vma *vma, long i)
{
	unsigned char *copy = malloc(PAGE);

	must(copy, "no memory");
	memcpy(copy, seen_at(vma, i), PAGE);
	set_pte(vma, i, COPY);
	vma->copy[i] = copy;
}

typedef enum pte pte_change(enum pte pte);

/* Of the pages of a mapping, those that it still has */
static void change_here(struct vma *vma, long from, long to, pte_change *change)
{
	long i;

	if (from < vma->from)
		from = vma->from;
	if (to > vma->to)
		to = vma->to;
	for (i = from; i < to; i++)
		vma->pte[i] = change(vma->pte[i]);
}

/* The same of the pages of a file, in all processes */
static void change_all(struct inode *inode, long from, long to,
		       pte_change *change)
{
	struct vma *vma;
	int p, v;

	for_each_vma(p, v) {
		vma = &processes[p].vma[v];
		if (vma->inode == inode)
			change_here(vma, from - vma->pgoff, to - vma->pgoff,
				    change);
	}
}

static enum pte unmap_pte(enum pte pte)
{
	return pte == COPY ? COPY : NONE;
}

void unmapped(struct inode *inode, long from, long to)
{
	change_all(inode, from, to, unmap_pte);
}

static enum pte unmap_hole(enum pte pte)
{
	return pte == HOLE ? NONE : pte;
}

/* A fault has found a block at this page. */
void holes_unmapped(struct inode *inode, long page)
{
	change_all(inode, page, page + 1, unmap_hole);
}

static enum pte unsure_pte(enum pte pte)
{
	return pte == MAPS || pte == HOLE ? MAY : pte;
}

/* These pages, as far as they are mapped, may not be. */
void unsure(struct inode *inode, long from, long to)
{
	change_all(inode, from, to, unsure_pte);
}

void uncertain(struct inode *inode, long page)
{
	long first = page & ~(CHUNK - 1L);

	if (inode->huge)
		unsure(inode, first, first + CHUNK);
}

/* The same for one mapping only. */
void unsure_around(struct vma *vma, long i)
{
	long first = ((vma->pgoff + i) & ~(CHUNK - 1L)) - vma->pgoff;

	if (vma->inode->huge)
		change_here(vma, first, first + CHUNK, unsure_pte);
}

/* A PMD that maps page @i has gone. */
void unmapped_by_pmd(struct vma *vma, long i)
{
	long first = ((vma->pgoff + i) & ~(CHUNK - 1L)) - vma->pgoff;

	change_here(vma, first, first + CHUNK, unmap_pte);
}

void copies_dropped(struct inode *inode, long page)
{
	struct vma *vma;
	int p, v;
	long i;

	for_each_vma(p, v) {
		vma = &processes[p].vma[v];
		if (vma->inode != inode)
			continue;
		for (i = vma->from; i < vma->to; i++)
			if (vma->pgoff + i >= page)
				set_pte(vma, i, NONE);
	}
}

/*
 * A forked process inherits a mapping. fork() does not copy page tables that faults
 * can fill again, unless some of the pages are copies.
 */
void vma_copied(struct vma *to, const struct vma *from)
{
	long i;

	*to = *from;
	to->inode->mappings++;
	for (i = from->from; i < from->to; i++) {
		if (from->pte[i] == COPY) {
			to->copy[i] = malloc(PAGE);
			must(to->copy[i], "no memory");
			memcpy(to->copy[i], from->copy[i], PAGE);
		} else if (from->pte[i] != NONE) {
			to->pte[i] = from->shared ? NONE : MAY;
		}
	}
}

/* These pages of it are no longer there. They are at one end of it, or all. */
void vma_dropped(struct vma *vma, long from, long to)
{
	long i;

	if (from < vma->from)
		from = vma->from;
	if (to > vma->to)
		to = vma->to;
	for (i = from; i < to; i++)
		set_pte(vma, i, NONE);
	if (from == vma->from)
		vma->from = to;
	else
		vma->to = from;
	if (vma->from < vma->to)
		return;
	inode_unmapped(vma->inode);
	memset(vma, 0, sizeof(*vma));
}

/* --- for debugging a difference --- */

void dump_block(const struct block *block)
{
	static const char *const names[] = {
		"not", "mapped", "as a hole", "copied", "maybe"
	};
	unsigned int n;
	int p, v;
	long i;

	remark("block at page %#lx (pfn %#lx), %u reference(s)%s", block->where,
	       pfn_at(block->where), block->refs,
	       bad(block) ? ", has failed" : "");
	for (n = 0; n < ARRAY_SIZE(inodes); n++)
		for (i = 0; inodes[n] && i < inodes[n]->nr_pages; i++)
			if (inodes[n]->page[i] == block)
				remark("  %s%s page %ld", inodes[n]->path,
				       inodes[n]->slot < 0 ? " (unlinked)" : "",
				       i);
	for_each_vma(p, v) {
		struct vma *vma = &processes[p].vma[v];

		for (i = vma->from; i < vma->to; i++)
			if (block_of(vma, i) == block)
				remark("  process %d mapping %d at %#lx: %s page %ld, %s, %s",
				       p, v, vma->addr + i * PAGE,
				       vma->inode->path, vma->pgoff + i,
				       vma->shared ? "shared" : "private",
				       names[vma->pte[i]]);
	}
}
