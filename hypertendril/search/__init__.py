"""Search methods: ask for values, tell results."""
