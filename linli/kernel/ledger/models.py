from django.db import models
from django.db.models import Q


class Entry(models.Model):
    """One thing somebody did. Written without a place in the tree; the sequencer gives it one within seconds.

    A trigger (migration `0002_append_only`) lets `seq` be set once and forbids every other change.
    """

    log = models.CharField(max_length=32, default="county")
    seq = models.BigIntegerField(null=True, editable=False)
    at = models.DateTimeField()
    subject = models.CharField(max_length=64)
    verb = models.CharField(max_length=48)
    by = models.CharField(max_length=64)
    fields = models.JSONField(default=dict)
    leaf = models.BinaryField(max_length=32, null=True, editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["log", "seq"], name="one_entry_per_place"),
            models.CheckConstraint(
                condition=Q(seq=None, leaf=None) | Q(seq__gte=0, leaf__isnull=False),
                name="sequenced_entry_has_leaf",
            ),
        ]
        indexes = [
            models.Index(fields=["id"], condition=Q(seq=None), name="ledger_waiting"),
            models.Index(fields=["subject", "id"], name="ledger_by_subject"),
        ]


class Salt(models.Model):
    """The salt of one personal value in an entry. Erasing it makes the value's hash unreadable, the tree stays."""

    entry = models.ForeignKey(Entry, models.CASCADE, related_name="salts")
    field = models.CharField(max_length=32)
    salt = models.BinaryField(max_length=16)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["entry", "field"], name="one_salt_per_value")]


class Node(models.Model):
    """The hash of one complete subtree: leaves index·2^level … (index+1)·2^level − 1."""

    log = models.CharField(max_length=32)
    level = models.SmallIntegerField()
    index = models.BigIntegerField()
    hash = models.BinaryField(max_length=32)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "level", "index"], name="one_node_each")]


class Head(models.Model):
    """A tree head: size and root after one run of the sequencer."""

    log = models.CharField(max_length=32)
    size = models.BigIntegerField()
    root = models.BinaryField(max_length=32)
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["log", "size"], name="one_head_per_size")]
