"""Models as users keep them: trained, judged, written as a bundle and loaded again."""
