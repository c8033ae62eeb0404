/*
 * Which part of a plan can be done first.
 *
 * Pieces go towards the start of the file behind deleted octets, towards its
 * end behind added ones, and both may be in one plan.  As sources and targets
 * are in the same order, two rules are enough for every step to write nowhere
 * but on octets that no later step needs:
 *
 *  - A portion taken from the front of the plan ends at a cut: a place with no
 *    source of the rest before it.  Inside a piece that goes towards the start
 *    every place is one.
 *  - If the first cut is too far away, only pieces that go towards the end, and
 *    new text between them, lie before it; then the portion ends at that cut,
 *    and what comes before it in the plan has its sources before its targets.
 */
#include "config.h"

#include "mbox/journal.h"

/* A gap from here on is worth steps of its width without data. */
#define WIDE_GAP ((off_t)8 * 1024 * 1024)

/* A step without data is this much longer than one with: then its block
 * checksums need as much room. */
#define WITHOUT_DATA (BLOCK_SIZE / (2 * (off_t)sizeof(uint64_t)))

static off_t
smaller(off_t a, off_t b)
{
	return a < b ? a : b;
}

/* The first source in the file of what comes to target, which is in piece i or
 * at its end, and behind; TEXT_BASE if there is none. */
static off_t
first_source(const struct plan *plan, size_t i, off_t target)
{
	for (; i < plan->count; i++) {
		const struct piece *piece = &plan->pieces[i];
		off_t skip =
		    target > piece->target ? target - piece->target : 0;

		if (piece->from < TEXT_BASE && skip < piece->length)
			return piece->from + skip;
	}
	return TEXT_BASE;
}

/* True if the next piece begins where piece i ends. */
static bool
is_joined(const struct plan *plan, size_t i)
{
	const struct piece *piece = &plan->pieces[i];

	return i + 1 < plan->count &&
	    piece->target + piece->length == piece[1].target;
}

/* The last cut up to limit, without a hole before it; or the first cut at all
 * if wants_first.  The start of the plan if there is none. */
static off_t
find_cut(const struct plan *plan, off_t limit, bool wants_first)
{
	off_t cut = plan_target(plan);
	size_t i;

	for (i = 0; i < plan->count && plan->pieces[i].target < limit; i++) {
		const struct piece *piece = &plan->pieces[i];
		off_t place = smaller(piece->target + piece->length, limit);

		if (first_source(plan, i, place) >= place)
			cut = place;
		if (!is_joined(plan, i) ||
		    (wants_first && cut > plan_target(plan)))
			break;
	}
	return cut;
}

/* Backwards from the first cut. */
static struct portion
choose_backwards(const struct plan *plan, off_t most)
{
	off_t start = plan_target(plan);
	off_t cut = find_cut(plan, plan->end, true);
	struct portion portion = { .has_data = true };

	portion.length = smaller(cut - start, most);
	portion.target = cut - portion.length;
	return portion;
}

struct portion
portion_choose(const struct plan *plan, off_t most)
{
	off_t start = plan_target(plan);
	off_t free_end = first_source(plan, 0, start) - 1;
	struct portion portion = { .target = start };
	off_t whole = find_cut(plan, plan->end, false);

	if (free_end >= whole || free_end - start >= WIDE_GAP) {
		portion.length =
		    find_cut(plan,
			smaller(free_end, start + most * WITHOUT_DATA), false) -
		    start;
	} else {
		portion.has_data = true;
		portion.length = find_cut(plan, start + most, false) - start;
	}
	return portion.length > 0 ? portion : choose_backwards(plan, most);
}
