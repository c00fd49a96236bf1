"""Style, panels, labels, and number formats that all plots share."""
