"""Which field a key or a caption names, for feeds, job APIs and page state.

Every job API has its own names for the same dozen facts. One table of names, best first, reads
them all: keys are compared in lower case without punctuation.
"""

# ruff: noqa: E501 - the captions read best one field a line
import re
from functools import lru_cache

_NAMES = """
title: jobtitle stellenangebotstitel positiontitle positionname vacancyname vacancytitle jobname title position role name
    text profession headline titel intitule titulo cargo puesto bezeichnung
employer: companyname employername company employer hiringorganization hiringcompany
    companydisplayname advertisername advertiser organizationname organisationname organization
    organisation agency sourcename departmentname clientname recruiter businessname
    preferredorganizationname positionorganization hiringorg firma arbeitgeber empresa entreprise
    nomeempresa subcompany
place: fulllocation locationname locationstext joblocations joblocation location locations
    alllocations positionlocationdisplay positionlocation candidaterequiredlocation
    locationrestrictions formattedlocation workplace place places city cityname jobgeo
    googlelocation area address region state province town country office arbeitsort ort lieutravail
    ubicacion localidade arbeitsorte stellenlokationen
pay: salarylabel salarytext salaryrange salary basesalary compensation compensationtiersummary
    remuneration positionremuneration remunerationpackage pay payrange wage currentcompensation
    estimatedsalary salarysnippet salarydescription stipend budget salaryinfo remunerationrange
    formattedsalary offeringtext salaire salario verguetung gehalt
pay_min: salarymin minsalary minimumsalary salaryfrom salarylowerbound minimumrange
    remunerationminimumamount minamount minvalue salarystart paymin minpay salaryminimum
    compensationmin rangemin salarymingross basesalarymin annualsalarymin
pay_max: salarymax maxsalary maximumsalary salaryto salaryupperbound maximumrange
    remunerationmaximumamount maxamount maxvalue salaryend paymax maxpay salarymaximum
    compensationmax rangemax salarymaxgross basesalarymax annualsalarymax
currency: salarycurrency currencycode currencyisocode currency paycurrency
pay_unit: salaryperiod salaryinterval rateintervalcode remunerationrateintervalcode salarytype
    interval period payperiod rateper unittext salaryunit paytype frequency compensationinterval
employment_type: employmenttype jobtype jobtypes typeofemployment employmenttypename commitment
    worktype worktypes employmenttypecode positionofferingtype positionscheduletypecode
    positionschedule workschedule contracttype typestr tenure workingpatterns employment
    jobemploymenttypes worktimes timetype type schedule typecontratlibelle typecontrat tipocontrato
    arbeitszeit arbeitszeitmodelle
posted: dateposted publishdate posteddate postedat postedon publishedat publishedon publicationdate
    datepublished publisheddate publishon firstpublished firstpublishdate pubdate
    publicationstartdate published releaseddate listingdate listedat activationdate opendate
    startdatepublication advertisedate advertisefromdatetime positionstartdate createdat createdon
    datecreated date creationdate updatedat lastmodified updated lastbuilddate
    aktuelleveroeffentlichungsdatum datumersteveroeffentlichung veroeffentlichtam datecreation fechapublicacion
valid_through: validthrough expirationdate expirydate expiresat expiresdate expireat expires
    expirationdatetime applicationenddate applicationdeadline deadline closingdate closedate closeat
    advertisetodatetime positionenddate enddate dateto publicationenddate validto validuntil closes
    expire bewerbungsfrist fechacierre
url: joburl absoluteurl hostedurl positionuri postingurl careersurl adverturl detailurl viewurl
    alternateurl permalink canonicalurl publicurl externalurl applicationlink shortlink url link
    href vacancyurl sharelink uri externalpath guid applyurl applylink slug ref externeurl
description: jobdescription descriptionplain descriptionhtml descriptiontext richtextdescription
    jobdescriptiontext description contentencoded encoded content body jobadvert fulldescription
    details summary jobsummary positionformatteddescription abstract teaser snippet excerpt
    qualificationsummary shortdescription vacancydescription jobad standarddetails jobdescriptions
    stellenangebotsbeschreibung stellenbeschreibung beschreibung descripcion descricao
identifier: jobid id referencenumber reference requisitionid jobreqid positionid documentid externalid
    vacancyid shortcode guid uuid code refnr referenznummer
email: email contactemail applyemail applicationemail
phone: phone contactphone telephone phonenumber
"""

FIELDS: dict[str, tuple[str, ...]] = {
    field: tuple(names.split())
    for field, _, names in (row.partition(":") for row in _NAMES.replace("\n    ", " ").split("\n") if row)
}
"""Field → the names it goes by, most telling first."""

MORE_TEXT = (
    "requirements", "requirement", "qualifications", "responsibilities", "responsibility", "duties", "jobrequirements",
    "jobqualifications", "lists", "additional", "additionalplain", "benefits",
)  # fmt: skip
"""Names of parts that continue the description."""

CAPTIONS: dict[str, re.Pattern[str]] = {
    field: re.compile(words, re.IGNORECASE)
    for field, words in {
        "title": r"posi(?:si|tion|ção|ción)|job title|vacancy|role|stellenbezeichnung|должность|вакансия|ตำแหน่ง(?:งาน)?|职位|職位|岗位|vị trí|puesto|cargo|lowongan|poste|المسمى الوظيفي",
        "employer": r"perusahaan|company|employer|empresa|unternehmen|arbeitgeber|компания|работодатель|บริษัท|公司|công ty|entreprise|société|회사|الشركة|organi[sz]ation",
        "place": r"location|lokasi|place(?: of work)?|localidade|local|ubicación|lugar|ort|arbeitsort|место(?: работы)?|город|สถานที่(?:ทำงาน)?|地点|地點|工作地点|địa điểm|lieu|근무지|지역|الموقع|مكان العمل",
        "pay_raw": r"salar(?:y|io|is)|salário|gaji|pay|wage|compensation|gehalt|vergütung|зарплата|оплата|з/п|เงินเดือน|รายได้|薪资|薪資|薪水|工资|月薪|lương|mức lương|salaire|rémunération|급여|연봉|الراتب|remuneration|budget|orcamento|presupuesto",
        "employment_type": r"employment type|job type|contract(?: type)?|tipo de (?:contrato|empleo|emprego)|vertragsart|beschäftigungsart|тип занятости|занятость|ประเภทงาน|工作类型|hình thức|type de contrat|고용형태|نوع (?:العمل|الوظيفة)|tipe pekerjaan|working hours",
        "posted": r"(?:date )?posted(?: on)?|published(?: on)?|publication date|veröffentlicht|опубликовано|дата публикации|วันที่ประกาศ|发布(?:时间|日期)|ngày đăng|publié le|등록일|تاريخ (?:النشر|الإعلان)|تاريخ بداية ?[إا]ستقبال الطلبات|fecha de publicación|data de publicação|tanggal posting",
        "valid_through": r"(?:application )?deadline|closing date|apply by|expires(?: on)?|valid (?:until|through)|bewerbungsfrist|срок подачи|ปิดรับสมัคร|截止(?:日期|时间)|hạn nộp(?: hồ sơ)?|date limite|마감일|آخر موعد(?: للتقديم)?|تاريخ نهاية ?[إا]ستقبال الطلبات|تاريخ انتهاء (?:الإعلان|التقديم)|fecha límite|batas (?:waktu|lamaran)",
    }.items()
}
"""Field → captions before a value on a page or in a labelled post, in many languages."""

_PUNCTUATION = re.compile(r"[\W_]+")
_LONGEST_KEY = 100
"""Longer keys name no field."""


def fold_key(key: str) -> str:
    """Give a key in the form in which `FIELDS` lists it."""
    return _folded(key[:_LONGEST_KEY])


@lru_cache(maxsize=4096)
def _folded(key: str) -> str:
    return _PUNCTUATION.sub("", key).lower()
