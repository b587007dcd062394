"""指标：不能做假的数字。Response time, on time, satisfaction, each opening its cases."""
