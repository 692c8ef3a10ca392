"""How long ago, in words of every language of the product: `3 days ago`, `3天前`, `منذ 3 أيام`.

Digits are expected as 0-9 (`dates.py` folds those of other scripts). A month counts thirty days, as
the sites that round to months do. `30+ days ago` names no day and gives None.
"""

# ruff: noqa: E501 - a language reads best on one line
import re
from datetime import date, timedelta

_UNITS = (0, 0, 1, 7, 30)
"""Days in what the five columns name: minute, hour, day, week, month."""
_WORDS = r"""
\bago\b|\bearlier\b  ; min(?:ute)?s?|seconds?         ; hours?|hrs?|h    ; days?|d            ; weeks?|wks?|w       ; months?|mos?
前|之前              ; 分钟|分鐘|分|秒                ; 小时|小時|時間|个小时 ; 天|日         ; 周|週間|週|个?星期|個?星期 ; 个月|個月|か月|ヶ月|ヵ月|カ月
전                   ; 분|초                          ; 시간             ; 일                ; 주                  ; 개월|달
ที่แล้ว|ก่อน|ที่ผ่านมา ; นาที|วินาที                    ; ชั่วโมง|ชม\.?     ; วัน               ; สัปดาห์|อาทิตย์        ; เดือน
\btrước\b            ; phút|giây                      ; giờ|tiếng        ; ngày              ; tuần                ; tháng
\blalu\b             ; menit|minit|detik|saat         ; jam              ; hari              ; minggu              ; bulan
nakalipas|nakaraan   ; minuto|segundo                 ; oras             ; araw              ; linggo              ; buwan
មុន                  ; នាទី|វិនាទី                      ; ម៉ោង              ; ថ្ងៃ                ; សប្តាហ៍|សប្ដាហ៍|អាទិត្យ   ; ខែ
ກ່ອນ|ຜ່ານມາ           ; ນາທີ                            ; ຊົ່ວໂມງ           ; ມື້|ວັນ            ; ອາທິດ|ສັບປະດາ       ; ເດືອນ
အကြာ|အရင်|က\s*$|ခန့်က ; မိနစ်                            ; နာရီ              ; ရက်                ; ပတ်                 ; လ
पहले                 ; मिनट|सेकंड                      ; घंट\w*|घण्ट\w*    ; दिन\w*            ; सप्ताह|हफ़्त\w*|हफ्त\w* ; मह[ीि]न\w*|माह
अघि|पहिले|अगाडि      ; मिनेट                          ; घण्टा|घन्टा       ; दिन               ; हप्ता|साता           ; महिना
আগে|পূর্বে             ; মিনিট                           ; ঘণ্টা|ঘন্টা        ; দিন               ; সপ্তাহ               ; মাস
පෙර                  ; මිනිත්තු|විනාඩි                   ; පැය              ; දින|දවස්           ; සති                 ; මාස
முன்                 ; நிமிட\w*                       ; மணி\s?நேர\w*     ; நாட்\w*|நாள்\w*    ; வார\w*              ; மாத\w*
క్రితం|ముందు           ; నిమిషా?\w*                      ; గంట\w*           ; రోజు\w*           ; వార\w*              ; నెల\w*
پہلے|قبل             ; منٹ                            ; گھنٹ\w*          ; دن                ; ہفت\w*              ; مہین\w*|ماہ
منذ|قبل              ; دقيقة|دقائق|ثانية              ; ساعة|ساعات       ; يوم|أيام|ايام|يوماً ; أسبوع|أسابيع|اسبوع|اسابيع ; شهر|أشهر|شهور|اشهر
پیش|قبل              ; دقیقه                          ; ساعت             ; روز               ; هفته                ; ماه
በፊት                  ; ደቂቃ\w*                         ; ሰዓት|ሰዓታት        ; ቀን|ቀናት           ; ሳምንት\w*             ; ወር|ወራት
\bназад\b            ; минут\w*|мин|секунд\w*         ; час\w*|ч         ; день|дня|дней|дн   ; недел\w*            ; месяц\w*|мес
\bтому\b             ; хвилин\w*                      ; годин\w*         ; день|дні|днів     ; тиж\w*              ; місяц\w*
\bбұрын\b            ; минут                          ; сағат            ; күн               ; апта                ; ай
\boldin\b|\bavval\b  ; daqiqa                         ; soat             ; kun               ; hafta               ; oy
\w{1,3}lizopita\b|\w{1,3}iliyopita\b|\biliyopita\b|\blililopita\b ; dakika ; saa         ; siku              ; wiki                ; mwezi|miezi
\bil y a\b           ; minutes?                       ; heures?|h        ; jours?|j          ; semaines?           ; mois
\bhace\b             ; minutos?                       ; horas?           ; d[ií]as?          ; semanas?            ; mes(?:es)?
\bhá\b|\batrás\b     ; minutos?                       ; horas?           ; dias?             ; semanas?            ; m[eê]s(?:es)?
\bvor\b              ; minuten?|min                   ; stunden?|std     ; tag(?:en)?        ; wochen?             ; monat(?:en)?
\bönce\b             ; dakika|dk                      ; saat             ; gün               ; hafta               ; ay
\btemu\b             ; minut\w*                       ; godzin\w*        ; dzień|dni         ; tydzień|tygodni\w*  ; miesi\w*
\bgeleden\b          ; minuten?                       ; uur              ; dag(?:en)?        ; we(?:ek|ken)        ; maand(?:en)?
\bfa\b               ; minut[oi]                      ; or[ae]           ; giorn[oi]         ; settiman[ae]        ; mes[ei]
"""
_ALPHABETS = re.compile(r"[A-Za-zÀ-ɏḀ-ỹА-яёЁіїєӘ-ӿ]")


def _unit(words: str) -> str:
    """A unit beside its number, on either side; a word of letters must end where the letters end."""
    end = r"(?![A-Za-zÀ-ɏḀ-ỹА-яёЁіїєӘ-ӿ])" if _ALPHABETS.search(words.replace("\\w", "")) else ""
    return rf"(?<![\d.,+])(\d{{1,3}})\s*(?:{words}){end}|(?:{words})\s*(\d{{1,3}})(?![\d+])"


def _rows() -> tuple[tuple[re.Pattern[str], tuple[re.Pattern[str], ...]], ...]:
    rows = [
        [part.strip() for part in line.split(" ;")] for line in _WORDS.strip().splitlines() if line.strip()
    ]
    return tuple(
        (
            re.compile(ago, re.IGNORECASE),
            tuple(re.compile(_unit(unit), re.IGNORECASE) for unit in units),
        )
        for ago, *units in rows
    )


_ROWS = _rows()
_ARABIC_DUALS = {"دقيقتين": 0, "ساعتين": 0, "يومين": 2, "أسبوعين": 14, "اسبوعين": 14, "شهرين": 60}
_ARABIC_ONES = {"دقيقة": 0, "ساعة": 0, "يوم": 1, "أسبوع": 7, "اسبوع": 7, "شهر": 30}
_ARABIC = re.compile(r"(?:منذ|قبل)\s+(\w+)")

_TODAY = (
    "today|just posted|just now|hoy|hoje|heute|сегодня|hari ini|hôm nay|วันนี้|今天|今日|本日|刚刚|剛剛|오늘|اليوم|bugün|aujourd['’]hui"
    "|ngayong araw|ngayon|ថ្ងៃនេះ|ມື້ນີ້|ယနေ့|ဒီနေ့|आज|আজ|අද|இன்று|ఈ ?రోజు|آج|امروز|ዛሬ|бүгін|bugun|leo|сьогодні|dzisiaj|dziś|oggi|vandaag|azi"
)
_YESTERDAY = (
    "yesterday|ayer|ontem|gestern|вчера|kemarin|semalam|hôm qua|เมื่อวาน(?:นี้)?|昨天|昨日|어제|أمس|dün|hier|kahapon|ម្សិលមិញ|ມື້ວານ(?:ນີ້)?"
    "|မနေ့က|कल|हिजो|গতকাল|ඊයේ|நேற்று|నిన్న|کل|دیروز|ትናንት|ትላንት|кеше|kecha|jana|вчора|wczoraj|ieri|gisteren"
)
_LEAD = r"(?:posted|published|updated|active|publicad[oa]|publiée?|veröffentlicht|опубликовано|обновлено|diposting|tayang|đăng|cập nhật|opublikowano|发布于|发布|게시)"
_NAMED = re.compile(rf"(?:{_LEAD}\s*:?\s*)?(?:({_TODAY})|({_YESTERDAY}))", re.IGNORECASE)


def parse_relative(text: str, today: date) -> date | None:
    """Read `text` as a time before `today`; None when it names none."""
    named = _NAMED.fullmatch(text)
    if named is not None:
        return today if named.group(1) else today - timedelta(days=1)
    days = _days_ago(text)
    return today - timedelta(days=days) if days is not None else None


def _days_ago(text: str) -> int | None:
    for ago, units in _ROWS:
        if not ago.search(text):
            continue
        for days, unit in zip(_UNITS, units, strict=True):
            match = unit.search(text)
            if match is not None:
                return days * int(match.group(1) or match.group(2))
    arabic = _ARABIC.search(text)
    return {**_ARABIC_ONES, **_ARABIC_DUALS}.get(arabic.group(1)) if arabic else None
