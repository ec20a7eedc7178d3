/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "queue/job_result.h"
#include "tests/unit/suite.h"

static int result_free(struct job *job)
{
    json_decref(job->result);
    return 0;
}

/* A job of a kind whose function has said so. */
static struct job *job_said(const char *kind, const char *result)
{
    struct job *job = NEW(NULL, struct job);

    job->kind = job_kind_find(kind);
    ck_assert_ptr_nonnull(job->kind);
    job->result = result ? json_loads(result, JSON_DECODE_ANY, NULL) : NULL;
    talloc_set_destructor(job, result_free);
    return job;
}

START_TEST(every_fenced_kind_says_what_may_be_said)
{
    for (const struct job_kind *kind = job_kinds; kind->name; kind++)
        ck_assert_msg(!kind->fenced || kind->out, "%s has no .out", kind->name);
}
END_TEST

START_TEST(what_is_right_is_kept_and_nothing_else)
{
    static const struct {
        const char *kind, *said, *kept; /* kept NULL: as it was said */
    } rows[] = {
        { "media.transcode",
          "{\"file\":\"media.mp4\",\"type\":\"video/mp4\",\"size\":9,\"duration_ms\":2000,\"width\":4,\"height\":3}",
          NULL },
        { "media.transcode", "{\"duration_ms\":9,\"parts\":[\"part-0.nut\",\"part-1.nut\"],\"sound\":true,\"turn\":90}",
          NULL },
        { "media.probe",
          "{\"class\":\"video\",\"format\":\"mov,mp4\",\"streams\":[{\"type\":\"video\",\"codec\":\"h264\",\"frame_rate\":29.97002997}]}",
          NULL },
        { "media.probe", "{\"class\":\"audio\",\"x\":1,\"streams\":[{\"type\":\"audio\",\"y\":2}]}",
          "{\"class\":\"audio\",\"streams\":[{\"type\":\"audio\"}]}" },
        { "ai.ocr", "{\"vendor\":null,\"date\":null,\"total\":\"-7.50\",\"items\":[],\"confidence\":97}", NULL },
        { "image.variant", "{\"gone\":true}", NULL },
        { "ai.food", NULL, NULL },
        { "ai.food", "null", NULL },
        { "ai.food", "{\"items\":[]}", "{}" },
        { "mail.send", "{\"any\":1}", NULL },
    };

    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        autotalloc struct job *job = job_said(rows[i].kind, rows[i].said);
        const char *kept = rows[i].kept ? rows[i].kept : rows[i].said;
        json_auto_t *expect = kept ? json_loads(kept, JSON_DECODE_ANY, NULL) : NULL;

        ck_assert_msg(job_result_check(job), "%s: %s", rows[i].kind, job->why);
        ck_assert_msg(expect ? json_equal(job->result, expect) : !job->result, "%s %s", rows[i].kind, rows[i].said);
    }
}
END_TEST

START_TEST(what_is_wrong_buries_the_job)
{
    static const struct {
        const char *kind, *said, *why;
    } rows[] = {
        { "media.transcode", "{\"file\":\"a.mp4\",\"type\":\"text/html\"}", "type" },
        { "media.transcode", "{\"file\":\"a.mp4\",\"type\":\"image/svg+xml\"}", "type" },
        { "media.transcode", "{\"file\":\"../a\",\"type\":\"video/mp4\"}", "file" },
        { "media.transcode", "{\"file\":\"a.mp4\",\"type\":\"video/mp4\",\"size\":-1}", "size" },
        { "media.transcode", "{\"file\":\"a.mp4\",\"type\":\"video/mp4\",\"duration_ms\":9223372036854775807}",
          "duration_ms" },
        { "media.transcode", "{\"file\":\"a.mp4\",\"type\":\"video/mp4\",\"width\":1e99}", "width" },
        { "media.transcode", "{\"parts\":[\"one\"]}", "parts" },
        { "media.transcode", "{\"parts\":[\"one\",\"../two\"]}", "parts[1]" },
        { "media.part", "{}", "file" },
        { "media.join", "null", "file" },
        { "media.poster", "[]", "" },
        { "media.poster", "{\"file\":\"a\",\"type\":\"video/mp4\"}", "type" },
        { "media.hls", "{\"file\":\"a\",\"type\":\"text/html\"}", "type" },
        { "media.probe", "{\"class\":\"program\"}", "class" },
        { "media.probe", "{\"class\":\"video\",\"streams\":[{\"type\":\"video\",\"frame_rate\":-1}]}",
          "streams[0].frame_rate" },
        { "report.generate", "{\"file\":\"a.pdf\",\"name\":\"a\",\"type\":\"text/html\"}", "type" },
        { "report.generate", "{\"file\":\"a.pdf\",\"name\":\"a\\u000ab\",\"type\":\"text/csv\"}", "name" },
        { "image.generate",
          "{\"images\":[{\"file\":\"0\",\"thumbnail\":\"1\",\"type\":\"image/svg+xml\",\"thumbnail_type\":\"image/jpeg\"}]}",
          "images[0].type" },
        { "image.generate", "{\"failed\":-1}", "failed" },
        { "image.variant", "{\"pictures\":[{\"file\":\"a\",\"box\":99999}]}", "pictures[0].box" },
        { "ai.ocr", "{\"total\":\"1e9\"}", "total" },
        { "ai.ocr", "{\"vendor\":\"a\\u0001b\"}", "vendor" },
        { "ai.fit", "{\"file\":\"model\",\"accuracy\":7}", "accuracy" },
        { "ai.fit", "{\"file\":\"model\",\"accuracy\":\"1\"}", "accuracy" },
        { "ai.classify", "{\"model_id\":\"m\",\"output\":7}", "output" },
        { "ai.food", "\"text\"", "" },
    };

    for (size_t i = 0; i < ELEMENTS(rows); i++) {
        autotalloc struct job *job = job_said(rows[i].kind, rows[i].said);
        autotalloc char *expect =
            FORMAT(NULL, "%s has left a result that cannot be taken: %s ", rows[i].kind, rows[i].why);

        ck_assert_msg(!job_result_check(job), "%s %s", rows[i].kind, rows[i].said);
        ck_assert_int_eq(job->outcome, JOB_BURY);
        ck_assert_msg(!strncmp(job->why, expect, strlen(expect)), "%s", job->why);
    }
}
END_TEST

SUITE(job_result)
{
    tcase_add_test(tests, every_fenced_kind_says_what_may_be_said);
    tcase_add_test(tests, what_is_right_is_kept_and_nothing_else);
    tcase_add_test(tests, what_is_wrong_buries_the_job);
}
