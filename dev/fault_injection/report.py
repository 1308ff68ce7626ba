# Part of WeChat Pay for Odoo. See LICENSE file for full copyright and licensing details.
"""What a run has shown, as text."""

from collections import Counter

from faults import BEHAVIOUR, KINDS

MODES = {'inprocess': "in process", 'kill': "real servers"}
NAMED = 'named'


def replay_of(result):
    """Return the command that plays a seed again."""
    if result.mode == NAMED:
        # The scenario "refunds" names the case in front of each finding.
        cases = [details[1:].partition(']')[0] for _what, details in result.findings
                 if details.startswith('[')]
        case = f' --case "{cases[0]}"' if cases else ''
        return f'dev/chaos --scenario {result.seed}{case}'
    quick = ' --quick' if result.quick else ''
    return f'dev/chaos --seed {result.seed} --mode {result.mode}{quick}'


def write_report(results, hits, ledgers, extra):
    """Return the report.

    :param dict hits: by mode, a `Counter` of faults that really happened
    :param ledgers: lines about sessions and journals
    :param extra: lines about the named scenarios
    """
    lines = ["", "Faults that happened", ""]
    width = max(map(len, (*KINDS, *BEHAVIOUR)))
    lines.append(f"  {'kind':<{width}}  " + "  ".join(f"{MODES[mode]:>12}" for mode in MODES))
    kinds = 0
    for kind in (*KINDS, *BEHAVIOUR):
        counts = [hits.get(mode, Counter())[kind] for mode in MODES]
        kinds += any(counts)
        lines.append(f"  {kind:<{width}}  " + "  ".join(f"{count:>12}" for count in counts))
    total = sum(sum(counter.values()) for counter in hits.values())
    lines += ["", f"{total} faults of {kinds} kinds"]
    for mode, name in MODES.items():
        some = [result for result in results if result.mode == mode]
        if some:
            lines.append(
                f"{len(some)} seeds {name}: {sum(r.trades for r in some)} trades at WeChat,"
                f" {sum(r.paid_fen for r in some)} fen paid,"
                f" {sum(r.refunds for r in some)} refunds,"
                f" {sum(r.refunded_fen for r in some)} fen; slowest decision"
                f" {max(r.slowest for r in some):.0f} s after the recovery;"
                f" {sum(r.seconds for r in some):.0f} s")
            ends = sum((result.ends for result in some), Counter())
            lines.append("  sales: " + ", ".join(f"{n} {end}" for end, n in ends.most_common()))
    lines += [*ledgers, *extra]
    failed = [result for result in results if result.findings]
    for result in failed:
        lines += ["", f"Seed {result.seed}; again: {replay_of(result)}"]
        lines += [f"  {what}: {details}" for what, details in result.findings]
    lines += ["", verdict(results, failed)]
    return "\n".join(lines)


def verdict(results, failed):
    """Return the last line."""
    real = sum(result.killed for result in results)
    seeds = sum(result.mode != NAMED for result in results)
    kinds = Counter(what for result in failed for what, _details in result.findings)
    late = sum(what == 'not final' for result in failed for what, _details in result.findings)
    rest = "; ".join(f"{count} × {what}" for what, count in kinds.most_common())
    return (
        f"{'FAILED' if failed else 'PASSED'}: {seeds} seeds ({real} with SIGKILL),"
        f" {sum(r.lost for r in results)} fen lost, {sum(r.double for r in results)} fen"
        f" double-charged, {sum(r.differ for r in results)} fen of difference, {late} attempts not"
        f" final in time, {len(failed)} seeds with findings{f' ({rest})' if rest else ''}")
