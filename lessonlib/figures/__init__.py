"""Every chart of the course, drawn with matplotlib's own objects (no pyplot, so that threads may draw), in one calm style."""
