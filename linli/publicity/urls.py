from django.urls import path

from linli.publicity.pages import desk, field, objections, public

app_name = "publicity"
urlpatterns = [
    path("publicity/", public.notices, name="public"),
    path("publicity/answers/", public.answers, name="answers"),
    path("publicity/objected/", public.objected, name="objected"),
    path("publicity/<int:number>/", public.notice, name="notice"),
    path("publicity/<int:number>/object/", public.object_form, name="object"),
    path("publicity/<int:number>/sheet/", field.sheet, name="sheet"),
    path("orders/<int:number>/post/", field.post, name="post"),
    path("publicity/desk/", desk.notices, name="desk"),
    path("publicity/desk/<int:number>/", desk.notice, name="desk_notice"),
    path("publicity/desk/<int:number>/down/", desk.down, name="down"),
    path("publicity/desk/<int:number>/withdraw/", desk.withdraw, name="withdraw"),
    path("publicity/desk/<int:number>/evidence/", desk.evidence, name="evidence"),
    path("publicity/desk/<int:number>/objections/new/", objections.take_down, name="take_down"),
    path("publicity/outages/<int:number>/restore/", desk.restore, name="restore"),
    path("publicity/objections/", objections.waiting, name="objections"),
    path("publicity/objections/<int:number>/", objections.objection, name="objection"),
    path("publicity/objections/<int:number>/reveal/", objections.reveal, name="reveal"),
]
