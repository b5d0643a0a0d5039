"""Measuring what was made: words that are recognised (WER, CER), predicted quality (DistillMOS), copies by the vocoder, speed.

Reading order: run (the three ways to evaluate), speak, score, metrics, report; bench, stages and marathon for speed and memory.
"""
