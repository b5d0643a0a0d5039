"""Results of a study that nobody ran, with figures that are easy to tell apart."""

from tts.evaluation.compare.results import ArmResult, CollapseRow, Cost, CostRow, Point, QuantizerResult, Results, Tried
from tts.evaluation.compare.statistics import Estimate


def about(value: float, width: float = 0.02) -> Estimate:
    return Estimate(value=value, low=value - width, high=value + width)


def make_arm(name: str, head: str, questions: tuple[int, ...], wer: float, mos: float, **settings) -> ArmResult:
    figures = {"wer": about(wer), "mos": about(mos), "stutter": about(0.5, 0.1), "diversity": about(0.2), "crps": about(0.3)}
    if head != "codes":
        figures |= {"nll": about(-0.5 + wer), "coverage_1": about(0.68), "coverage_2": about(0.95), "z2": about(1.0)}
    points = [Point(step=step, crps=0.3 + wer / step, wer=wer, mos=mos - 1 / step, nll=None) for step in (10, 20, 40)]
    facts = {"is_trained": True, "hours": 2.5, "parameters": 2_000_000, "head_hidden": 128, "steps": 40, "patch_size": 4}
    facts |= {"temperature": 0.3, "n_sentences": 80, "n_seeds": 2, "step_ms": about(0.4), "rtf": 0.05, "seconds": 900.0}
    facts |= {"frames_per_second": 9000.0, "label": name, "status": "done", "points": points, "figures": figures}
    facts["tuning"] = [Tried(temperature=0.3, wer=wer, mos=mos)]
    return ArmResult(name=name, head=head, questions=questions, **(facts | settings))


def make_results(mos_difference: float = -0.2, wer_difference: float = 0.04, **settings) -> Results:
    """A study in which codes differ from the Gaussian by so much."""
    differences = {"wer": about(wer_difference, 0.01), "mos": about(mos_difference, 0.05), "stutter": about(0.0, 0.3)}
    arms = [
        make_arm("gaussian", "gaussian", (1, 2, 3, 4, 7, 8), 0.05, 3.9),
        make_arm(
            "codes", "codes", (1, 4, 8), 0.05 + wer_difference, 3.9 + mos_difference, differences=differences, quantizer="rvq4"
        ),
        make_arm("mixture", "mixture", (1, 2), 0.05, 3.9, differences=dict.fromkeys(("wer", "mos", "nll"), about(0.0, 0.1))),
        make_arm(
            "mapped", "gaussian", (4,), 0.06, 3.8, differences={"mos": about(-0.01)}, quantizer="k64:cosine", is_trained=False
        ),
        make_arm("short", "gaussian", (8,), 0.2, 3.0, hours=0.25),
        make_arm("short-codes", "codes", (8,), 0.3, 2.5, hours=0.25, against="short", pair=differences, quantizer="rvq4"),
        ArmResult(name="later", label="later", questions=(1, 3, 7), status="not run", head="gaussian", is_trained=True),
    ]
    quantizers = [
        QuantizerResult(name="k64", hours=2.5, kind="kmeans", codebook_size=64, n_levels=4, error=about(0.5), mos_loss=about(0.4),
                        perplexity=50, bits_per_second=562),
        QuantizerResult(name="rvq4", hours=2.5, kind="rvq", codebook_size=256, n_levels=4, error=about(0.3), mos_loss=about(0.01),
                        perplexity=200, bits_per_second=750),
    ]  # fmt: skip
    cost = [
        CostRow(entries=size, what=what, microseconds=about(scale * size, 0.1))
        for size in (256, 1024, 4096)
        for what, scale in (("patch, euclidean, brute", 0.1), ("softmax", 0.05))
    ]
    signs = [
        {"mean_std": 0.5, "z2": 1.0},
        {"mean_std": 0.1, "z2": 1.2},
        {"mean_std": 0.01, "z2": 5.0},
        {"mean_std": 0.005, "z2": 9.0},
    ]
    alarms = [[], [], ["mean_std", "z2"], ["mean_std", "z2"]]
    rows = [
        CollapseRow(step=10 * (i + 1), signs=signs[i], alarms=alarms[i], wer=wer, mos=3.0)
        for i, wer in enumerate((0.3, 0.1, 0.12, 0.4))
    ]
    values = {
        "title": "A toy study",
        "command": "tts compare study.toml -o runs/toy",
        "is_quick": False,
        "hours_spent": 1.5,
        "cpu": "a processor, 2 cores",
        "versions": {"python": "3.12"},
        "recogniser": "deaf",
        "quality": "length",
        "reference": "gaussian",
        "hours": 2.5,
        "recordings": {"stutter": about(0.0, 0.0)},
        "arms": arms,
        "quantizers": quantizers,
        "correlations": {"crps, mos": about(-0.8, 0.1), "crps, wer": about(0.1, 0.3), "nll, wer": None},
        "cost": Cost(cpu="a processor", rows=cost, step=about(90.0, 1.0)),
        "collapse": {"gaussian": rows},
    }
    return Results(**(values | settings))
