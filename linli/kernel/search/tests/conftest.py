import pytest
from django.db import connection, models

from linli.kernel.search import queries
from linli.kernel.search.fields import WordsField, words_index


class Note(models.Model):
    """A table of these tests only: its app is not installed, so that no migration ever sees it."""

    title = models.CharField(max_length=100, blank=True, default="")
    text = models.TextField()
    town = models.CharField(max_length=9, default="430181001")
    words = WordsField(of=("title", "text"))

    class Meta:
        app_label = "search_tests"
        db_table = "search_tests_note"
        indexes = [words_index("search_tests_note_words")]


@pytest.fixture
def notes(db):
    with connection.schema_editor(atomic=False) as editor:
        editor.create_model(Note)
    queries.forget()
    yield Note
    queries.forget()


def fill(notes, rows: list[tuple[str, int]]) -> None:
    """Rows of (text, how many), spread over the ids."""
    todo = [(text, i / many) for text, many in rows for i in range(many)]
    todo.sort(key=lambda row: row[1])
    notes.objects.bulk_create([notes(text=text) for text, _ in todo])
    with connection.cursor() as cursor:
        cursor.execute("SELECT gin_clean_pending_list('search_tests_note_words'::regclass)")
        cursor.execute("ANALYZE search_tests_note")
    queries.forget()


def plan(rows) -> str:
    return rows.explain()
