"""Answers that are not a room's page: refusals and errors, in plain words, as page, fragment or JSON."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from linli.kernel import Refused

WORDS = {
    400: (gettext_lazy("请求有误"), gettext_lazy("浏览器发来的内容不完整，请返回上一页重试。")),
    403: (gettext_lazy("没有权限"), gettext_lazy("您没有办理此事的权限。如需办理，请联系本单位管理员。")),
    404: (
        gettext_lazy("没有找到"),
        gettext_lazy("这一页不存在，或者不在您的管辖范围内。请核对地址，或从首页重新进入。"),
    ),
    409: (gettext_lazy("内容已有变化"), gettext_lazy("在您填写期间，有人先作了修改。请刷新后核对再提交。")),
    413: (gettext_lazy("内容过大"), gettext_lazy("请缩小范围或减少附件后重试。")),
    422: (gettext_lazy("还不能这样办理"), gettext_lazy("请按提示修改后重新提交。")),
    429: (gettext_lazy("操作太频繁"), gettext_lazy("请稍等一会儿再试。")),
    500: (
        gettext_lazy("系统出了故障"),
        gettext_lazy("故障已记录，维护人员会处理。您填写的内容请稍后重新提交。"),
    ),
}


def is_fragment(request: HttpRequest) -> bool:
    """True for htmx asking for a part of a page, not a whole one."""
    return request.headers.get("HX-Request") == "true" and request.headers.get("HX-Request-Type") != "full"


def wants_json(request: HttpRequest) -> bool:
    """Programs get no pages: what lies under the interface's address, or asks for JSON."""
    accepted = request.headers.get("Accept", "")
    return (
        request.path.startswith("/api/v1/")
        or request.content_type == "application/json"
        or accepted.startswith("application/json")
    )


def refusal(request: HttpRequest, refused: Refused) -> HttpResponse:
    """A refusal nobody turned into a form error: JSON, a note inside the page, or a page of its own."""
    if wants_json(request):
        body = {
            "title": refused.message,
            "code": refused.code,
            "status": refused.status,
            "fields": refused.fields,
        }
        answer: HttpResponse = JsonResponse(
            body, status=refused.status, content_type="application/problem+json"
        )
    else:
        template = "web/_refused.html" if is_fragment(request) else "web/problem.html"
        context = {"status": refused.status, "refused": refused, "title": _title(refused.status)}
        answer = render(request, template, context, status=refused.status)
    if refused.status == 429:
        answer["Retry-After"] = "60"
    return answer


def problem(request: HttpRequest, status: int) -> HttpResponse:
    """The page of a bare status."""
    title, words = WORDS.get(status, WORDS[500])
    refused = Refused(str(words), code=str(status), status=status)
    if wants_json(request):
        return refusal(request, refused)
    template = "web/_refused.html" if is_fragment(request) else "web/problem.html"
    return render(request, template, {"status": status, "title": title, "refused": refused}, status=status)


def _title(status: int) -> str:
    return str(WORDS.get(status, (_("不能办理"), ""))[0])


def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(request, 400)


def forbidden(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(request, 403)


def not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    return problem(request, 404)


def fault(request: HttpRequest) -> HttpResponse:
    """handler500: no context processors and no database, for either may be what failed."""
    title, words = WORDS[500]
    from django.template.loader import render_to_string

    return HttpResponse(render_to_string("web/fault.html", {"title": title, "words": words}), status=500)


def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: nearly always an old tab or a browser without cookies."""
    words = _("页面放置太久或浏览器禁用了 Cookie。请刷新页面后重新提交。")
    return refusal(request, Refused(words, code="csrf", status=403))
