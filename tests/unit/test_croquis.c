/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "common/memory.h"
#include "tests/unit/suite.h"
#include "workers/fenced/croquis/croquis.h"
#include "workers/fenced/croquis/finish.h"
#include "workers/fenced/image/image_generate.h"
#include <errno.h>
#include <unistd.h>

/* FNV-1a over all pixels; 0 when the request was refused. */
static uint64_t drawn(const struct croquis_request *request)
{
    uint64_t hash = 0xcbf29ce484222325ULL;
    cairo_surface_t *surface;
    const unsigned char *pixels;

    if (croquis_draw(request, &surface) < 0)
        return 0;
    ck_assert_int_eq(cairo_image_surface_get_width(surface), request->width);
    ck_assert_int_eq(cairo_image_surface_get_height(surface), request->height);
    pixels = cairo_image_surface_get_data(surface);
    for (int i = 0; i < request->height * cairo_image_surface_get_stride(surface); i++)
        hash = (hash ^ pixels[i]) * 0x100000001b3ULL;
    cairo_surface_destroy(surface);
    return hash;
}

static struct croquis_request plain(uint64_t seed)
{
    return (struct croquis_request){
        .prompt = "",
        .body_type = "athletic",
        .pose = "standing",
        .lighting = "dramatic",
        .clothing = "casual",
        .background = "simple",
        .seed = seed,
        .width = 96,
        .height = 96,
    };
}

START_TEST(the_same_request_draws_the_same_pixels)
{
    struct croquis_request request = plain(7);
    uint64_t first = drawn(&request);

    ck_assert_uint_ne(first, 0);
    ck_assert_uint_eq(drawn(&request), first);
}
END_TEST

START_TEST(every_seed_of_a_batch_differs)
{
    uint64_t seen[8];

    for (int i = 0; i < 8; i++) {
        struct croquis_request request = plain((uint64_t)i);

        seen[i] = drawn(&request);
        for (int k = 0; k < i; k++)
            ck_assert_uint_ne(seen[i], seen[k]);
    }
}
END_TEST

/* The filter of a vocabulary within a request. */
static const char **filter(struct croquis_request *request, int vocabulary)
{
    switch (vocabulary) {
    case CROQUIS_BODY:
        return &request->body_type;
    case CROQUIS_POSE:
        return &request->pose;
    case CROQUIS_LIGHTING:
        return &request->lighting;
    case CROQUIS_CLOTHING:
        return &request->clothing;
    case CROQUIS_BACKGROUND:
        return &request->background;
    default: /* a medium has no filter: the prompt names it */
        return &request->prompt;
    }
}

/* Every row of every vocabulary draws, and like no other row of its. */
START_TEST(every_word_changes_the_drawing)
{
    uint64_t seen[64];
    const char *names;

    for (size_t i = 0; (names = croquis_names((enum croquis_vocabulary)_i, i)); i++) {
        struct croquis_request request = plain(3);
        char word[64];

        ck_assert_uint_lt(i, ELEMENTS(seen));
        snprintf(word, sizeof(word), "%.*s", (int)strcspn(names, " "), names);
        *filter(&request, _i) = word;
        ck_assert_msg(croquis_choice(&request, (enum croquis_vocabulary)_i) == names, "%s leads elsewhere", word);
        seen[i] = drawn(&request);
        ck_assert_msg(seen[i] != 0, "%s cannot be drawn", word);
        for (size_t k = 0; k < i; k++)
            ck_assert_msg(seen[i] != seen[k], "%s draws as another", word);
    }
}
END_TEST

/* What the filters of the interface need at least. */
START_TEST(the_vocabularies_are_rich)
{
    static const size_t least[] = { [CROQUIS_BODY] = 5,     [CROQUIS_POSE] = 8,       [CROQUIS_LIGHTING] = 4,
                                    [CROQUIS_CLOTHING] = 4, [CROQUIS_BACKGROUND] = 4, [CROQUIS_MEDIUM] = 4 };

    for (int v = 0; v < CROQUIS_VOCABULARIES; v++)
        ck_assert_ptr_nonnull(croquis_names((enum croquis_vocabulary)v, least[v] - 1));
}
END_TEST

START_TEST(sizes_from_small_to_large_and_not_square)
{
    static const int sizes[][2] = { { 64, 64 }, { 65, 67 }, { 64, 300 }, { 301, 90 }, { 512, 384 }, { 1024, 128 } };

    for (size_t i = 0; i < ELEMENTS(sizes); i++) {
        struct croquis_request request = plain(11);

        request.width = sizes[i][0];
        request.height = sizes[i][1];
        ck_assert_uint_ne(drawn(&request), 0);
    }
}
END_TEST

START_TEST(sizes_out_of_bounds_are_refused)
{
    static const int sizes[][2] = { { 0, 0 }, { 63, 64 }, { 64, 63 }, { -5, 100 }, { 100, 4097 }, { 5000, 5000 } };
    cairo_surface_t *untouched = NULL;

    for (size_t i = 0; i < ELEMENTS(sizes); i++) {
        struct croquis_request request = plain(1);

        request.width = sizes[i][0];
        request.height = sizes[i][1];
        ck_assert_int_eq(croquis_draw(&request, &untouched), -EINVAL);
        ck_assert_ptr_null(untouched);
    }
}
END_TEST

START_TEST(unknown_words_leave_it_to_the_seed)
{
    struct croquis_request request = { .seed = 5, .width = 80, .height = 80 };
    uint64_t free_choice = drawn(&request);

    ck_assert_uint_ne(free_choice, 0);
    request.prompt = "";
    request.pose = request.body_type = request.lighting = request.clothing = request.background = "zzz-qqq-0";
    ck_assert_uint_eq(drawn(&request), free_choice);
    request.prompt = "\xff\xfe \x01 \xf0\x9f\x98\x80 -- 0000 'x'";
    ck_assert_uint_eq(drawn(&request), free_choice);
}
END_TEST

START_TEST(a_long_prompt_is_read)
{
    static char prompt[20000];
    struct croquis_request request = { .prompt = prompt, .seed = 5, .width = 64, .height = 64 };

    memset(prompt, 'w', sizeof(prompt) - 10);
    memcpy(prompt + sizeof(prompt) - 10, " kneels.", 9);
    ck_assert_str_eq(croquis_choice(&request, CROQUIS_POSE),
                     croquis_choice(&(struct croquis_request){ .pose = "kneeling" }, CROQUIS_POSE));
    ck_assert_uint_ne(drawn(&request), 0);
}
END_TEST

static const struct {
    const char *prompt;
    enum croquis_vocabulary vocabulary;
    const char *name; /* NULL: nothing is chosen */
} prompts[] = {
    { "a running athlete at night", CROQUIS_POSE, "running" },
    { "a running athlete at night", CROQUIS_BODY, "athletic" },
    { "a running athlete at night", CROQUIS_LIGHTING, "night" },
    { "Two DANCERS, charcoal", CROQUIS_POSE, "dancing" },
    { "Two DANCERS, charcoal", CROQUIS_MEDIUM, "charcoal" },
    { "old man sits in a city street", CROQUIS_POSE, "sitting" },
    { "old man sits in a city street", CROQUIS_BODY, "elderly" },
    { "old man sits in a city street", CROQUIS_BACKGROUND, "city" },
    { "woman in a dress", CROQUIS_CLOTHING, "dress" },
    { "without dress, in a robe", CROQUIS_CLOTHING, "robe" },
    { "jumpingly", CROQUIS_POSE, NULL },
    { "", CROQUIS_POSE, NULL },
};

START_TEST(the_prompt_chooses)
{
    struct croquis_request request = { .prompt = prompts[_i].prompt };
    const char *names = croquis_choice(&request, prompts[_i].vocabulary);

    if (!prompts[_i].name) {
        ck_assert_ptr_null(names);
        return;
    }
    ck_assert_ptr_nonnull(names);
    ck_assert_int_eq(strncmp(names, prompts[_i].name, strlen(prompts[_i].name)), 0);
}
END_TEST

START_TEST(a_filter_outranks_the_prompt)
{
    struct croquis_request request = { .prompt = "a running man", .pose = "sitting" };
    const char *names = croquis_choice(&request, CROQUIS_POSE);

    ck_assert_int_eq(strncmp(names, "sitting", 7), 0);
    request.pose = "nobody-knows-this";
    ck_assert_int_eq(strncmp(croquis_choice(&request, CROQUIS_POSE), "running", 7), 0);
}
END_TEST

/* The prompt's pose is drawn as the filter's is. */
START_TEST(prompt_and_filter_draw_alike)
{
    struct croquis_request by_filter = plain(21), by_prompt = plain(21);
    uint64_t drawing;

    by_filter.pose = "jumping";
    by_prompt.pose = NULL;
    by_prompt.prompt = "she leaps";
    by_filter.prompt = "she";
    drawing = drawn(&by_filter);
    ck_assert_uint_ne(drawing, 0);
    ck_assert_uint_eq(drawn(&by_prompt), drawing);
}
END_TEST

/* The whole of a file; its length, or -1. */
static long slurp(void *ctx, const char *path, char **ret)
{
    FILE *file = fopen(path, "rbe");
    long length;

    if (!file)
        return -1;
    *ret = memory_check(talloc_array(ctx, char, 4 << 20));
    length = (long)fread(*ret, 1, 4 << 20, file);
    fclose(file);
    return length;
}

START_TEST(finishing_writes_the_same_bytes_again)
{
    char folder[] = "/tmp/croquis-XXXXXX";
    autotalloc void *ctx = memory_check(talloc_new(NULL));
    struct croquis_request request = plain(2);
    cairo_surface_t *drawing;
    long length[2];
    char *bytes[2], *png, *jpeg;

    request.width = request.height = 512;
    ck_assert_ptr_nonnull(mkdtemp(folder));
    png = FORMAT(ctx, "%s/0.png", folder);
    jpeg = FORMAT(ctx, "%s/0.jpg", folder);
    finish_start();
    ck_assert_int_eq(croquis_draw(&request, &drawing), 0);
    for (int i = 0; i < 2; i++) {
        ck_assert_int_eq(finish_write(drawing, 2, png, jpeg), 0);
        length[i] = slurp(ctx, png, &bytes[i]);
        ck_assert_int_gt(length[i], 1000);
    }
    ck_assert_int_eq(length[0], length[1]);
    ck_assert_mem_eq(bytes[0], bytes[1], (size_t)length[0]);
    ck_assert_mem_eq(bytes[0], "\x89PNG", 4);
    ck_assert_int_gt(slurp(ctx, jpeg, &bytes[0]), 500);
    ck_assert_mem_eq(bytes[0], "\xff\xd8\xff", 3);
    ck_assert_int_eq(finish_write(drawing, 2, FORMAT(ctx, "%s/no/0.png", folder), jpeg), -EIO);
    ck_assert_int_eq(access(jpeg, F_OK), -1); /* no half of a pair is left */
    cairo_surface_destroy(drawing);
    finish_stop();
    unlink(png);
    rmdir(folder);
}
END_TEST

static int told; /* the last progress of a job */

static void progress(struct job *job, int percent)
{
    ck_assert_int_gt(percent, told);
    told = percent;
    (void)job;
}

/* Run image.generate in a folder of its own, which becomes the working directory. */
static int generated(struct job *job, char *folder, json_t *args)
{
    static const struct job_host host = { .progress = progress };

    ck_assert_ptr_nonnull(mkdtemp(folder));
    ck_assert_int_eq(chdir(folder), 0);
    told = -1;
    job->host = &host;
    job->args = args;
    snprintf(job->id, sizeof(job->id), "%s", "5b0c7c1e-8a55-4b7e-9a52-0d1f6c2e7a11");
    return image_generate(job);
}

START_TEST(a_job_leaves_its_pictures)
{
    char folder[] = "/tmp/croquis-XXXXXX";
    struct job *job = NEW(NULL, struct job);
    json_t *images;

    ck_assert_int_eq(generated(job, folder,
                               json_pack("{ss s{ss} si ss}", "prompt", "a dancer", "filters", "pose", "action",
                                         "batch_size", 2, "model", "croquis")),
                     0);
    images = json_object_get(job->result, "images");
    ck_assert_uint_eq(json_array_size(images), 2);
    ck_assert_int_eq(json_integer_value(json_object_get(job->result, "failed")), 0);
    for (size_t i = 0; i < 2; i++) {
        const json_t *image = json_array_get(images, i);

        ck_assert_int_eq(access(json_string_value(json_object_get(image, "file")), R_OK), 0);
        ck_assert_int_eq(unlink(json_string_value(json_object_get(image, "file"))), 0);
        ck_assert_int_eq(unlink(json_string_value(json_object_get(image, "thumbnail"))), 0);
        ck_assert_int_eq(json_integer_value(json_object_get(image, "width")), IMAGE_SIZE);
    }
    ck_assert_str_ne(json_string_value(json_object_get(json_array_get(images, 0), "seed")),
                     json_string_value(json_object_get(json_array_get(images, 1), "seed")));
    ck_assert_int_eq(told, 100);
    ck_assert_int_eq(rmdir(folder), 0); /* and nothing else */
    json_decref(job->args);
    json_decref(job->result);
    talloc_free(job);
}
END_TEST

START_TEST(a_job_that_cannot_write_or_knows_no_such_model_is_buried)
{
    char folder[] = "/tmp/croquis-XXXXXX", other[] = "/tmp/croquis-XXXXXX";
    struct job *job = NEW(NULL, struct job);

    ck_assert_int_lt(generated(job, folder, json_pack("{ss ss}", "prompt", "x", "model", "flux-pro")), 0);
    ck_assert_int_eq(job->outcome, JOB_BURY);
    ck_assert_ptr_nonnull(strstr(job->why, "flux-pro"));
    ck_assert_ptr_null(job->result);
    rmdir(folder);
    json_decref(job->args);
    talloc_free(job);

    job = NEW(NULL, struct job);
    ck_assert_ptr_nonnull(mkdtemp(other));
    ck_assert_int_eq(chdir(other), 0);
    ck_assert_int_eq(rmdir(other), 0); /* a working directory that is gone takes no files */
    told = -1;
    job->host = &(const struct job_host){ .progress = progress };
    job->args = json_pack("{ss ss}", "prompt", "x", "model", "croquis");
    ck_assert_int_lt(image_generate(job), 0);
    ck_assert_int_eq(job->outcome, JOB_BURY);
    ck_assert_ptr_null(job->result);
    json_decref(job->args);
    talloc_free(job);
}
END_TEST

SUITE(croquis)
{
    tcase_add_test(tests, the_same_request_draws_the_same_pixels);
    tcase_add_test(tests, every_seed_of_a_batch_differs);
    tcase_add_loop_test(tests, every_word_changes_the_drawing, 0, CROQUIS_VOCABULARIES);
    tcase_add_test(tests, the_vocabularies_are_rich);
    tcase_add_test(tests, sizes_from_small_to_large_and_not_square);
    tcase_add_test(tests, sizes_out_of_bounds_are_refused);
    tcase_add_test(tests, unknown_words_leave_it_to_the_seed);
    tcase_add_test(tests, a_long_prompt_is_read);
    tcase_add_loop_test(tests, the_prompt_chooses, 0, (int)ELEMENTS(prompts));
    tcase_add_test(tests, a_filter_outranks_the_prompt);
    tcase_add_test(tests, prompt_and_filter_draw_alike);
    tcase_add_test(tests, finishing_writes_the_same_bytes_again);
    tcase_add_test(tests, a_job_leaves_its_pictures);
    tcase_add_test(tests, a_job_that_cannot_write_or_knows_no_such_model_is_buried);
}
