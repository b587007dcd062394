"""Forms as faces.md wants them: label, hint, error, field; all defects at once; sent twice, done once."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError, transaction
from django.forms.renderers import DjangoTemplates
from django.forms.utils import ErrorList
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.kernel import Refused
from linli.kernel.web.caller import caller
from linli.kernel.web.models import Once
from linli.kernel.web.rules import digest

UNCOUNTED = {"csrfmiddlewaretoken", "_check"}


class FaceRenderer(DjangoTemplates):
    """Django's own widgets inside our field and form frames."""

    form_template_name = "web/_form.html"
    field_template_name = "web/_field.html"


class FieldErrors(ErrorList):
    template_name = "web/_error_list.html"


@dataclass(frozen=True, slots=True)
class Defect:
    """One line of the error summary; `target` is the id of the input to jump to, or empty."""

    label: str
    said: str
    target: str


class Form(forms.Form):
    """A form page. Subclasses add fields and may set the words around them.

    `request` makes fields check themselves on leaving them. `base_version` is what the person saw;
    give the object's version when the form changes something that exists.
    """

    default_renderer = FaceRenderer
    page_title: str = ""
    page_lead: str = ""
    submit_label: Any = gettext_lazy("提交")
    cancel_label: Any = gettext_lazy("取消")
    cancel_url: str = ""
    dense: bool = False  # several columns, for clerks
    draft: str = ""  # a name under which the browser keeps what was typed until it is sent
    check_url: str = ""

    client_uuid = forms.UUIDField(widget=forms.HiddenInput, required=False)
    base_version = forms.CharField(widget=forms.HiddenInput, required=False, max_length=64)

    def __init__(
        self, *args: Any, request: HttpRequest | None = None, base_version: str | int = "", **kwargs: Any
    ) -> None:
        kwargs.setdefault("error_class", FieldErrors)
        kwargs.setdefault("label_suffix", "")
        super().__init__(*args, **kwargs)
        self.check_url = request.path if request is not None else ""
        self.initial.setdefault("client_uuid", str(uuid.uuid4()))
        self.initial.setdefault("base_version", str(base_version))
        for field in self.fields.values():
            _plain_words(field)

    @property
    def defects(self) -> list[Defect]:
        """Everything that is wrong, in the order of the page."""
        if not self.is_bound:
            return []
        said = [
            Defect(str(bound.label), error, bound.id_for_label or f"{bound.auto_id}_0")
            for bound in self
            for error in bound.errors
        ]
        return said + [Defect("", error, "") for error in self.non_field_errors()]

    def take(self, refused: Refused) -> None:
        """Puts an action's refusal beside its fields; what names no field goes on top."""
        known = {name: said for name, said in refused.fields.items() if name in self.fields}
        for name, said in known.items():
            self.add_error(name, said)
        rest = [one for name, said in refused.fields.items() if name not in known for one in said]
        if rest or not known:
            self.add_error(None, [refused.message, *rest])

    def stale(self, current: str | int) -> bool:
        """True when the object moved on since this form was shown."""
        shown = self.data.get(self.add_prefix("base_version"), "")
        return bool(shown) and shown != str(current)

    def refresh(self, current: str | int) -> None:
        """Lets the person, now told of the change, send again on top of it."""
        self.data = self.data.copy()
        self.data[self.add_prefix("base_version")] = str(current)
        self.data[self.add_prefix("client_uuid")] = str(uuid.uuid4())


def _plain_words(field: forms.Field) -> None:
    """Errors that name the field and the remedy instead of 'this field is required'."""
    label = str(field.label or "")
    choosing = isinstance(field, forms.ChoiceField | forms.FileField | forms.DateField)
    if field.error_messages.get("required") == forms.Field.default_error_messages["required"]:
        field.error_messages["required"] = (_("请选择%s") if choosing else _("请填写%s")) % label
    if isinstance(field, forms.IntegerField | forms.DecimalField):
        field.error_messages["invalid"] = _("%s应当填数字，例如 3") % label
    if isinstance(field, forms.ChoiceField):
        field.error_messages["invalid_choice"] = _("%s不在可选范围内，请重新选择") % label


def refuse_stale(form: Form, *, current: str | int, who: str, what: str) -> None:
    """Raises Refused(409) saying who changed what, when the form was shown before the change."""
    if form.stale(current):
        form.refresh(current)
        message = _("%(who)s在您填写期间修改了%(what)s。您填的内容还在，请核对后再次提交。") % {
            "who": who,
            "what": what,
        }
        raise Refused(message, code="stale", status=409)


def inline_answer(request: HttpRequest, form: Form) -> HttpResponse | None:
    """The fragment of one field when htmx asks about it (`_check`), else None. 422 when it is wrong."""
    name = request.POST.get("_check", "")
    if request.method != "POST" or request.headers.get("HX-Request") != "true" or name not in form.fields:
        return None
    bound = form[name]
    return HttpResponse(bound.as_field_group(), status=422 if bound.errors else 200)


def form_page(
    request: HttpRequest,
    form: Form,
    act: Callable[[dict[str, Any]], str | HttpResponse],
    *,
    template: str = "web/form.html",
    context: dict[str, Any] | None = None,
) -> HttpResponse:
    """A whole form page: shows it, checks single fields, and on submit runs `act(cleaned_data)` once.

    `act` returns the address to go to (or an answer of its own). Wrong input and refusals show the
    same form with every defect and what was typed (422, 409 when the object moved on). The same
    client UUID again goes to the same address without acting; with other content it is a 409.
    """
    if request.method == "POST":
        if (fragment := inline_answer(request, form)) is not None:
            return fragment
        status = 422
        if form.is_valid():
            try:
                return _act_once(request, form, act)
            except Refused as refused:
                status = refused.status
                form.take(refused)
    shown = {"form": form, **(context or {})}
    return render(request, template, shown, status=status if request.method == "POST" else 200)


def _act_once(
    request: HttpRequest, form: Form, act: Callable[[dict[str, Any]], str | HttpResponse]
) -> HttpResponse:
    ident = form.cleaned_data.get("client_uuid")
    sender = caller(request).ref
    if ident is None:
        return _answer(act(form.cleaned_data))
    said = content_digest(request)
    try:
        with transaction.atomic():
            with transaction.atomic():
                once = Once.objects.create(sender=sender, uuid=ident, digest=said)
            answer = _answer(act(form.cleaned_data))
            once.location = answer.headers.get("Location", "")[:500]
            once.save(update_fields=["location"])
            return answer
    except IntegrityError as error:
        first = Once.objects.filter(sender=sender, uuid=ident).first()
        if first is None:  # the action's own constraint, not ours
            raise error
        return _first_answer(first, said)


def _first_answer(first: Once, said: str) -> HttpResponse:
    if first.digest != said:
        raise Refused(
            _("这张表已经提交过，内容与上次不同。请重新打开页面填写。"), code="uuid_conflict", status=409
        )
    return HttpResponseRedirect(first.location or "/")


def _answer(given: str | HttpResponse) -> HttpResponse:
    return HttpResponseRedirect(given) if isinstance(given, str) else given


def content_digest(request: HttpRequest) -> str:
    """What makes two submissions the same: every field, and each file's name and size."""
    fields = {key: request.POST.getlist(key) for key in request.POST if key not in UNCOUNTED}
    files = {
        key: [(f.name, f.size) for f in request.FILES.getlist(key) if isinstance(f, UploadedFile)]
        for key in request.FILES
    }
    return digest({"fields": fields, "files": files})
