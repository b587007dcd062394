"""One-stop service (一站式便民服务): a resident hands papers in once; departments work side by side, what must be public is
made public, and the money arrives."""
