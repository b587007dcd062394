"""A made-up town in the real Liuyang: feeds `make run`, tests and screenshots.

Names and codes of towns and villages are real; positions, borders, people and cases are invented. Every map
made from it must show 示意边界，非真实区划.
"""
