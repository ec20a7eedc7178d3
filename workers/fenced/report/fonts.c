/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "workers/fenced/report/fonts.h"
#include "common/memory.h"
#include "common/utf8.h"
#include <errno.h>
#include <fontconfig/fontconfig.h>
#include <unistd.h>

#define TRUETYPE "/usr/share/fonts/truetype/"
#define NOTO(script, name)                                                                                             \
    {                                                                                                                  \
        G_UNICODE_SCRIPT_##script, (const char *const[])                                                               \
        {                                                                                                              \
            TRUETYPE "noto/" name "-Regular.ttf", TRUETYPE "noto/" name "-Bold.ttf", NULL                              \
        }                                                                                                              \
    }

/* Latin, Greek and Cyrillic. */
static const char *const base[] = { TRUETYPE "noto/NotoSans-Regular.ttf", TRUETYPE "noto/NotoSans-Bold.ttf", NULL };
/* What belongs to no script: arrows, signs, faces. */
static const char *const symbols[] = { TRUETYPE "noto/NotoSansSymbols-Regular.ttf",
                                       TRUETYPE "noto/NotoSansSymbols2-Regular.ttf",
                                       TRUETYPE "noto/NotoSansMath-Regular.ttf", TRUETYPE "dejavu/DejaVuSans.ttf",
                                       NULL };
/* Of these, all that are installed: the better one first. */
static const char *const hangul[] = { "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
                                      TRUETYPE "nanum/NanumGothic.ttf", TRUETYPE "alee/Guseul.ttf", NULL };
static const char *const cjk[] = { "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
                                   TRUETYPE "droid/DroidSansFallbackFull.ttf", NULL };

/* clang-format off */
static const struct {
    GUnicodeScript script;
    const char *const *files;
} scripts[] = {
    NOTO(ADLAM, "NotoSansAdlam"), NOTO(AHOM, "NotoSerifAhom"),
    NOTO(ANATOLIAN_HIEROGLYPHS, "NotoSansAnatolianHieroglyphs"), NOTO(ARABIC, "NotoSansArabic"),
    NOTO(ARMENIAN, "NotoSansArmenian"), NOTO(AVESTAN, "NotoSansAvestan"), NOTO(BALINESE, "NotoSansBalinese"),
    NOTO(BAMUM, "NotoSansBamum"), NOTO(BASSA_VAH, "NotoSansBassaVah"), NOTO(BATAK, "NotoSansBatak"),
    NOTO(BENGALI, "NotoSansBengali"), NOTO(BHAIKSUKI, "NotoSansBhaiksuki"), NOTO(BRAHMI, "NotoSansBrahmi"),
    NOTO(BUGINESE, "NotoSansBuginese"), NOTO(BUHID, "NotoSansBuhid"),
    NOTO(CANADIAN_ABORIGINAL, "NotoSansCanadianAboriginal"), NOTO(CARIAN, "NotoSansCarian"),
    NOTO(CAUCASIAN_ALBANIAN, "NotoSansCaucasianAlbanian"), NOTO(CHAKMA, "NotoSansChakma"), NOTO(CHAM, "NotoSansCham"),
    NOTO(CHEROKEE, "NotoSansCherokee"), NOTO(COPTIC, "NotoSansCoptic"), NOTO(CUNEIFORM, "NotoSansCuneiform"),
    NOTO(CYPRIOT, "NotoSansCypriot"), NOTO(DESERET, "NotoSansDeseret"), NOTO(DEVANAGARI, "NotoSansDevanagari"),
    NOTO(DOGRA, "NotoSerifDogra"), NOTO(DUPLOYAN, "NotoSansDuployan"),
    NOTO(EGYPTIAN_HIEROGLYPHS, "NotoSansEgyptianHieroglyphs"), NOTO(ELBASAN, "NotoSansElbasan"),
    NOTO(ELYMAIC, "NotoSansElymaic"), NOTO(ETHIOPIC, "NotoSansEthiopic"), NOTO(GEORGIAN, "NotoSansGeorgian"),
    NOTO(GLAGOLITIC, "NotoSansGlagolitic"), NOTO(GOTHIC, "NotoSansGothic"), NOTO(GRANTHA, "NotoSansGrantha"),
    NOTO(GUJARATI, "NotoSansGujarati"), NOTO(GUNJALA_GONDI, "NotoSansGunjalaGondi"),
    NOTO(GURMUKHI, "NotoSansGurmukhi"), NOTO(HANIFI_ROHINGYA, "NotoSansHanifiRohingya"),
    NOTO(HANUNOO, "NotoSansHanunoo"), NOTO(HATRAN, "NotoSansHatran"), NOTO(HEBREW, "NotoSansHebrew"),
    NOTO(IMPERIAL_ARAMAIC, "NotoSansImperialAramaic"), NOTO(INSCRIPTIONAL_PAHLAVI, "NotoSansInscriptionalPahlavi"),
    NOTO(INSCRIPTIONAL_PARTHIAN, "NotoSansInscriptionalParthian"), NOTO(JAVANESE, "NotoSansJavanese"),
    NOTO(KAITHI, "NotoSansKaithi"), NOTO(KANNADA, "NotoSansKannada"), NOTO(KAYAH_LI, "NotoSansKayahLi"),
    NOTO(KHAROSHTHI, "NotoSansKharoshthi"), NOTO(KHMER, "NotoSansKhmer"), NOTO(KHOJKI, "NotoSansKhojki"),
    NOTO(KHUDAWADI, "NotoSansKhudawadi"), NOTO(LAO, "NotoSansLao"), NOTO(LEPCHA, "NotoSansLepcha"),
    NOTO(LIMBU, "NotoSansLimbu"), NOTO(LINEAR_A, "NotoSansLinearA"), NOTO(LINEAR_B, "NotoSansLinearB"),
    NOTO(LISU, "NotoSansLisu"), NOTO(LYCIAN, "NotoSansLycian"), NOTO(LYDIAN, "NotoSansLydian"),
    NOTO(MAHAJANI, "NotoSansMahajani"), NOTO(MALAYALAM, "NotoSansMalayalam"), NOTO(MANDAIC, "NotoSansMandaic"),
    NOTO(MANICHAEAN, "NotoSansManichaean"), NOTO(MARCHEN, "NotoSansMarchen"),
    NOTO(MASARAM_GONDI, "NotoSansMasaramGondi"), NOTO(MEDEFAIDRIN, "NotoSansMedefaidrin"),
    NOTO(MEETEI_MAYEK, "NotoSansMeeteiMayek"), NOTO(MENDE_KIKAKUI, "NotoSansMendeKikakui"),
    NOTO(MIAO, "NotoSansMiao"), NOTO(MODI, "NotoSansModi"), NOTO(MONGOLIAN, "NotoSansMongolian"),
    NOTO(MRO, "NotoSansMro"), NOTO(MULTANI, "NotoSansMultani"), NOTO(MYANMAR, "NotoSansMyanmar"),
    NOTO(NABATAEAN, "NotoSansNabataean"), NOTO(NEWA, "NotoSansNewa"), NOTO(NEW_TAI_LUE, "NotoSansNewTaiLue"),
    NOTO(NKO, "NotoSansNKo"), NOTO(NUSHU, "NotoSansNushu"),
    NOTO(NYIAKENG_PUACHUE_HMONG, "NotoSerifNyiakengPuachueHmong"), NOTO(OGHAM, "NotoSansOgham"),
    NOTO(OLD_HUNGARIAN, "NotoSansOldHungarian"), NOTO(OLD_ITALIC, "NotoSansOldItalic"),
    NOTO(OLD_NORTH_ARABIAN, "NotoSansOldNorthArabian"), NOTO(OLD_PERMIC, "NotoSansOldPermic"),
    NOTO(OLD_PERSIAN, "NotoSansOldPersian"), NOTO(OLD_SOGDIAN, "NotoSansOldSogdian"),
    NOTO(OLD_SOUTH_ARABIAN, "NotoSansOldSouthArabian"), NOTO(OLD_TURKIC, "NotoSansOldTurkic"),
    NOTO(OL_CHIKI, "NotoSansOlChiki"), NOTO(ORIYA, "NotoSansOriya"), NOTO(OSAGE, "NotoSansOsage"),
    NOTO(OSMANYA, "NotoSansOsmanya"), NOTO(PAHAWH_HMONG, "NotoSansPahawhHmong"), NOTO(PALMYRENE, "NotoSansPalmyrene"),
    NOTO(PAU_CIN_HAU, "NotoSansPauCinHau"), NOTO(PHAGS_PA, "NotoSansPhagsPa"), NOTO(PHOENICIAN, "NotoSansPhoenician"),
    NOTO(PSALTER_PAHLAVI, "NotoSansPsalterPahlavi"), NOTO(REJANG, "NotoSansRejang"), NOTO(RUNIC, "NotoSansRunic"),
    NOTO(SAMARITAN, "NotoSansSamaritan"), NOTO(SAURASHTRA, "NotoSansSaurashtra"), NOTO(SHARADA, "NotoSansSharada"),
    NOTO(SHAVIAN, "NotoSansShavian"), NOTO(SIDDHAM, "NotoSansSiddham"), NOTO(SIGNWRITING, "NotoSansSignWriting"),
    NOTO(SINHALA, "NotoSansSinhala"), NOTO(SOGDIAN, "NotoSansSogdian"), NOTO(SORA_SOMPENG, "NotoSansSoraSompeng"),
    NOTO(SOYOMBO, "NotoSansSoyombo"), NOTO(SUNDANESE, "NotoSansSundanese"), NOTO(SYLOTI_NAGRI, "NotoSansSylotiNagri"),
    NOTO(SYRIAC, "NotoSansSyriac"), NOTO(TAGALOG, "NotoSansTagalog"), NOTO(TAGBANWA, "NotoSansTagbanwa"),
    NOTO(TAI_LE, "NotoSansTaiLe"), NOTO(TAI_THAM, "NotoSansTaiTham"), NOTO(TAI_VIET, "NotoSansTaiViet"),
    NOTO(TAKRI, "NotoSansTakri"), NOTO(TAMIL, "NotoSansTamil"), NOTO(TANGUT, "NotoSerifTangut"),
    NOTO(TELUGU, "NotoSansTelugu"), NOTO(THAANA, "NotoSansThaana"), NOTO(THAI, "NotoSansThai"),
    NOTO(TIBETAN, "NotoSerifTibetan"), NOTO(TIFINAGH, "NotoSansTifinagh"), NOTO(TIRHUTA, "NotoSansTirhuta"),
    NOTO(UGARITIC, "NotoSansUgaritic"), NOTO(VAI, "NotoSansVai"), NOTO(WANCHO, "NotoSansWancho"),
    NOTO(WARANG_CITI, "NotoSansWarangCiti"), NOTO(YEZIDI, "NotoSerifYezidi"), NOTO(YI, "NotoSansYi"),
    NOTO(ZANABAZAR_SQUARE, "NotoSansZanabazarSquare"),
    { G_UNICODE_SCRIPT_HAN, cjk },
    { G_UNICODE_SCRIPT_HANGUL, hangul },
    { G_UNICODE_SCRIPT_HIRAGANA, cjk },
    { G_UNICODE_SCRIPT_KATAKANA, cjk },
    { G_UNICODE_SCRIPT_BOPOMOFO, cjk },
};
/* clang-format on */

enum { SYMBOLS_FROM = 0x2100 }; /* of what is common to all scripts Noto Sans has all below */

struct fonts {
    bool needed[ELEMENTS(scripts)], symbols;
    PangoFontMap *map;
    const char *families;
};

static int config_write(const char *config)
{
    autofree char *path = NULL;
    FILE *to = fopen(config, "we");

    if (!to)
        return -errno;
    fputs("<?xml version=\"1.0\"?><fontconfig><rescan><int>0</int></rescan></fontconfig>\n", to);
    if (fclose(to))
        return -errno;
    path = realpath(config, NULL);
    return path && setenv("FONTCONFIG_FILE", path, 1) == 0 ? 0 : -errno;
}

static int fonts_free(struct fonts *fonts)
{
    if (fonts->map)
        g_object_unref(fonts->map);
    return 0;
}

int fonts_new(void *ctx, const char *config, struct fonts **ret)
{
    struct fonts *fonts = NEW(ctx, struct fonts);
    int r = config_write(config);

    talloc_set_destructor(fonts, fonts_free);
    if (r < 0) {
        talloc_free(fonts);
        return r;
    }
    *ret = fonts;
    return 0;
}

static void script_need(struct fonts *fonts, GUnicodeScript script)
{
    for (size_t i = 0; i < ELEMENTS(scripts); i++)
        if (scripts[i].script == script)
            fonts->needed[i] = true;
}

static bool is_common(GUnicodeScript script)
{
    return script == G_UNICODE_SCRIPT_COMMON || script == G_UNICODE_SCRIPT_INHERITED;
}

/* CJK punctuation and full-width forms belong to no script, and to these fonts. */
static bool is_wide(uint32_t c)
{
    return (c >= 0x3000 && c < 0x3400) || (c >= 0xfe30 && c < 0xfe50) || (c >= 0xff00 && c < 0xfff0);
}

void fonts_need(struct fonts *fonts, const char *text)
{
    uint32_t c;

    for (size_t n; *text; text += n) {
        GUnicodeScript script;

        for (n = 0; text[n] && !(text[n] & 0x80); n++)
            continue; /* ASCII */
        text += n;
        n = *text ? utf8_next(text, &c) : 0;
        if (n == 0) {
            if (!*text)
                return;
            n = 1;
            continue;
        }
        script = g_unichar_get_script(c);
        if (is_wide(c))
            script_need(fonts, G_UNICODE_SCRIPT_HAN);
        else if (!is_common(script))
            script_need(fonts, script);
        else if (c >= SYMBOLS_FROM)
            fonts->symbols = true;
    }
}

/* Of a list the files that are there: how many. */
static int files_load(const char *const *files)
{
    int loaded = 0;

    for (; *files; files++)
        if (access(*files, R_OK) == 0 && FcConfigAppFontAddFile(NULL, (const FcChar8 *)*files))
            loaded++;
    return loaded;
}

/* In the order of loading: what stands first is asked first for a character that several have. */
static const char *families(void *ctx)
{
    const FcFontSet *set = FcConfigGetFonts(NULL, FcSetApplication);
    char *names = COPY(ctx, "");
    const char *last = "";
    FcChar8 *name;

    for (int i = 0; i < set->nfont; i++)
        if (FcPatternGetString(set->fonts[i], FC_FAMILY, 0, &name) == FcResultMatch &&
            strcmp((const char *)name, last) != 0) {
            names = memory_check(talloc_asprintf_append(names, "%s%s", *last ? "," : "", (const char *)name));
            last = (const char *)name;
        }
    return names;
}

const char *fonts_families(const struct fonts *fonts)
{
    return fonts->families;
}

int fonts_load(struct fonts *fonts, PangoFontMap **ret)
{
    if (files_load(base) == 0)
        return -ENOENT;
    for (size_t i = 0; i < ELEMENTS(scripts); i++)
        if (fonts->needed[i])
            files_load(scripts[i].files);
    if (fonts->symbols)
        files_load(symbols);
    fonts->families = families(fonts);
    fonts->map = pango_cairo_font_map_new();
    pango_cairo_font_map_set_resolution(PANGO_CAIRO_FONT_MAP(fonts->map), 72); /* so that sizes are points */
    *ret = fonts->map;
    return 0;
}
