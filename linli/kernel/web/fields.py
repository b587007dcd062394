"""Form fields people here need: places, photos, days as 年月日, choices one can type into."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.kernel.web.rules import parse_day

PHOTO_TYPES = {"image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"}
SYSTEMS = ("wgs84", "gcj02", "bd09")


@dataclass(frozen=True, slots=True)
class PlaceValue:
    """A place as given: words, degrees in `system` (or None), and `source` gps | pin | address."""

    words: str
    lon: float | None
    lat: float | None
    system: str
    source: str


class PlaceWidget(forms.MultiWidget):
    """Address words for everybody; form.js adds "使用当前位置" and a map to point at."""

    template_name = "web/widgets/place.html"
    use_fieldset = False

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        hidden = [forms.HiddenInput() for _ in range(4)]
        super().__init__(
            [forms.TextInput({"autocomplete": "street-address", "maxlength": 200}), *hidden], attrs
        )

    def decompress(self, value: PlaceValue | None) -> list[Any]:
        if value is None:
            return ["", "", "", "wgs84", "address"]
        return [value.words, value.lon, value.lat, value.system, value.source]

    def id_for_label(self, id_: str) -> str:
        return f"{id_}_0"


class PlaceField(forms.MultiValueField):
    """Cleans to a PlaceValue. Words or a point; with `point_needed` a point."""

    widget = PlaceWidget

    def __init__(self, *, point_needed: bool = False, **kwargs: Any) -> None:
        self.point_needed = point_needed
        kwargs.setdefault("label", gettext_lazy("地点"))
        kwargs.setdefault("help_text", gettext_lazy("写路名、门牌或附近的明显建筑"))
        parts = [forms.CharField(required=False, max_length=200)]
        parts += [forms.FloatField(required=False, min_value=-180, max_value=180) for _ in range(2)]
        parts += [forms.CharField(required=False, max_length=10) for _ in range(2)]
        super().__init__(parts, require_all_fields=False, **kwargs)

    def compress(self, values: list[Any]) -> PlaceValue | None:
        words, lon, lat, system, source = (values + [None] * 5)[:5]
        words = (words or "").strip()
        if lon is None or lat is None:
            lon = lat = None
        if not words and lon is None:
            return None
        source = source if source in ("gps", "pin") and lon is not None else "address"
        return PlaceValue(words, lon, lat, system if system in SYSTEMS else "wgs84", source)

    def clean(self, value: Any) -> PlaceValue | None:
        place = super().clean(value)
        if place is None and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        if place is not None and self.point_needed and place.lon is None:
            raise forms.ValidationError(_("请在地图上点出位置，或点“使用当前位置”"), code="no_point")
        return place


class PhotosWidget(forms.ClearableFileInput):
    allow_multiple_selected = True
    template_name = "web/widgets/photos.html"


class PhotosField(forms.FileField):
    """Several photos; cleans to a list of uploaded files. Every wrong file is named with what to do."""

    widget = PhotosWidget

    def __init__(self, *, most: int = 9, largest: int = 10 * 1024 * 1024, **kwargs: Any) -> None:
        self.most, self.largest = most, largest
        kwargs.setdefault("label", gettext_lazy("照片"))
        super().__init__(**kwargs)
        self.help_text = self.help_text or _("最多 %d 张，每张不超过 %d MB") % (most, largest >> 20)

    def widget_attrs(self, widget: forms.Widget) -> dict[str, Any]:
        return {"accept": "image/*", "data-photos": "", "data-most": str(self.most)}

    def clean(self, data: Any, initial: Any = None) -> list[UploadedFile]:
        files = [f for f in (data if isinstance(data, list | tuple) else [data]) if f]
        if self.required and not files:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        wrong = []
        if len(files) > self.most:
            wrong.append(_("选了 %d 张，最多 %d 张，请去掉一些") % (len(files), self.most))
        for file in files:
            if file.size > self.largest:
                wrong.append(_("“%s”超过 %d MB，请压缩后再传") % (file.name, self.largest >> 20))
            elif file.size == 0:
                wrong.append(_("“%s”是空文件，请重新选择") % file.name)
            elif file.content_type not in PHOTO_TYPES:
                wrong.append(_("“%s”不是照片，请选 JPG、PNG、WebP 或 HEIC 文件") % file.name)
        if wrong:
            raise forms.ValidationError(wrong)
        return files


class DayWidget(forms.MultiWidget):
    """Three boxes, 年 月 日: no calendar to fight with on an old phone."""

    template_name = "web/widgets/day.html"
    use_fieldset = True

    def __init__(self, attrs: dict[str, Any] | None = None) -> None:
        box = {"inputmode": "numeric", "autocomplete": "off"}
        super().__init__([forms.TextInput({**box, "maxlength": n}) for n in (4, 2, 2)], attrs)

    def decompress(self, value: date | str | None) -> list[Any]:
        found = parse_day(value) if isinstance(value, str) else value
        return [found.year, found.month, found.day] if found else ["", "", ""]


class DayField(forms.MultiValueField):
    """A day written in three boxes, or pasted whole into the first; cleans to a date."""

    widget = DayWidget

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(
            [forms.CharField(required=False) for _ in range(3)], require_all_fields=False, **kwargs
        )

    def compress(self, values: list[Any]) -> date | None:
        parts = [str(v or "").strip() for v in values]
        if not any(parts):
            return None
        found = parse_day(parts[0]) or parse_day("-".join(parts))
        if found is None:
            raise forms.ValidationError(_("%s不是一个日子，请按 2026 年 11 月 22 日这样填写") % self.label)
        return found

    def clean(self, value: Any) -> date | None:
        found = super().clean(value)
        if found is None and self.required:
            raise forms.ValidationError(self.error_messages["required"], code="required")
        return found


class SearchWidget(forms.TextInput):
    """A box with suggestions by the browser itself; a plain box where it has none."""

    template_name = "web/widgets/search.html"
    options: list[tuple[str, str]] = []

    def get_context(self, name: str, value: Any, attrs: dict[str, Any] | None) -> dict[str, Any]:
        label = dict(self.options).get(value, value)
        context = super().get_context(name, label, attrs)
        context["options"] = [text for _, text in self.options]
        return context


class SearchChoiceField(forms.CharField):
    """One of many, found by typing: takes the label, the code, or an unmistakable part; cleans to the code."""

    widget = SearchWidget

    def __init__(self, *, choices: Iterable[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.options = [(str(code), str(label)) for code, label in choices]
        self.widget.options = self.options

    def __deepcopy__(self, memo: dict) -> "SearchChoiceField":
        copy = super().__deepcopy__(memo)
        copy.widget.options = copy.options
        return copy

    def clean(self, value: Any) -> str:
        words = super().clean(value)
        if not words:
            return ""
        exact = [code for code, label in self.options if words in (code, label)]
        near = exact or [code for code, label in self.options if words in label]
        if len(near) == 1 or exact:
            return near[0]
        if near:
            raise forms.ValidationError(_("“%s”对应 %d 项，请多写几个字或从列表中选择") % (words, len(near)))
        raise forms.ValidationError(_("没有找到“%s”，请从列表中选择") % words)
