"""The study: arms that differ in one thing, trained alike, spoken alike, judged alike, and a report made from the figures.

Reading order: plan (what is compared), schedule (who does what when), arm (the stages of one arm), then the measures (statistics,
stutter, diversity, held_out, cost), collect (all figures in one JSON), answers (a sentence and a table per question), report.
"""
