"""站点：设置、网址、进程与命令行；全屋只有这里叫得出每个房间的名字。

Settings, URLs, processes, the command line, the first-run wizard: the only place that names every room.
"""
