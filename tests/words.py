"""What the whole-site tests look for where it must not be: words of a private case, of an open one, of a family."""

SECRET = "紫藤架下的暗井"
PLAIN = "城墙根的断枝"
FAMILY = "欧阳望北"
