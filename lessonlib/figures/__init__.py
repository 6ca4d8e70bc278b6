"""Every chart of the course, in one calm style.

All use matplotlib's own objects and no pyplot, so that threads may draw.
"""
