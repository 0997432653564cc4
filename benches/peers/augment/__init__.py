"""What augment_quality.py measures time stretches and pitch shifts with."""
