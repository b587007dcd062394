"""邻里 linli: one system a county governs its grids with."""

__version__ = "0.1.0"
