"""The search for settings of training: what is drawn, trained and judged, trial by trial."""
