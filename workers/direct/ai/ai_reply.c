/* SPDX-License-Identifier: GPL-3.0-or-later
 * ai.reply: what somebody has asked by text message is put into a category, answered by a model, and cut into messages.
 * Result: {"category", "text", "pieces": [...], "tokens", "complexity", "metadata": {"confidence", "language",
 * "prompt_template", "model_used"}}; the statement of the job's end stores it and puts the messages. */
#include "common/config.h"
#include "common/database.h"
#include "common/memory.h"
#include "common/sms_text.h"
#include "sql.h"
#include "workers/direct/ai/ai_ask.h"
#include "workers/direct/ai/category.h"
#include "workers/kinds.h"

enum { REPLY_PIECES = 3, GSM_UNITS = 160, WIDE_UNITS = 70, BYTES_PER_TOKEN = 4 };

/* How a category is answered. */
static const struct template
{
    const char *category, *name, *instruction;
}
templates[] = {
    { "coding", "write_code", "You write code. Answer with the shortest code that does it, and next to no words." },
    { "debug", "debug_code", "You find mistakes in code. Say what is wrong and how to mend it." },
    { "explain", "explain", "You explain things. Say it simply, the main point first." },
    { "general", "general", "You are a helpful assistant." },
};

struct replying {
    const struct template *template;
    const char *asked;
    double confidence; /* negative: the category was given */
    json_t *messages;
};

static int replying_free(struct replying *replying)
{
    json_decref(replying->messages);
    return 0;
}

static const struct template *template_of(const char *category)
{
    size_t i = 0;

    while (i + 1 < ELEMENTS(templates) && strcmp(templates[i].category, category) != 0)
        i++;
    return &templates[i];
}

static struct sms_room room_of(const struct config *config)
{
    size_t length = (size_t)config->reply_length;

    return (struct sms_room){ length, length * WIDE_UNITS / GSM_UNITS };
}

/* ---- the answer ---- */

static json_t *pieces_of(const struct job *job, const char *text)
{
    autotalloc void *ctx = talloc_new(NULL);
    const char *pieces[REPLY_PIECES];
    size_t count = sms_cut(ctx, text, room_of(job->tools->config), REPLY_PIECES, pieces);
    json_t *list = json_array();

    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(pieces[i]));
    return list;
}

static json_t *metadata_of(const struct replying *replying, const char *model)
{
    json_t *metadata = json_object();

    if (language_of(replying->asked))
        json_object_set_new(metadata, "language", json_string(language_of(replying->asked)));
    if (replying->confidence >= 0)
        json_object_set_new(metadata, "confidence", json_real(replying->confidence));
    json_object_set_new(metadata, "prompt_template", json_string(replying->template->name));
    json_object_set_new(metadata, "model_used", json_string(model));
    return metadata;
}

static int replied(struct job *job, const struct ai_answer *answer, void *closure)
{
    const struct replying *replying = closure;
    char *text = sms_plain(job, answer->text);
    long long tokens = answer->input + answer->output;

    if (!*text)
        return job_release(job, -1, "the model's answer is empty");
    if (tokens == 0)
        tokens = (long long)(strlen(replying->asked) + strlen(text)) / BYTES_PER_TOKEN;
    job->result = json_pack("{s:s, s:s, s:o, s:I, s:f, s:o}", "category", replying->template->category, "text", text,
                            "pieces", pieces_of(job, text), "tokens", (json_int_t)tokens, "complexity",
                            complexity_of(replying->asked), "metadata", metadata_of(replying, answer->model));
    return 0;
}

/* ---- the question ---- */

/* The instruction of its category, and how much room there is for the answer. */
static json_t *messages_of(const struct job *job, const struct replying *replying)
{
    int length = job->tools->config->reply_length;
    autotalloc char *instruction =
        FORMAT(NULL, "%s You answer by text message: plain text without markup, at most %d characters.",
               replying->template->instruction, (length - 4) * REPLY_PIECES);

    return ai_messages(instruction, replying->asked);
}

static int task_load(struct job *job, struct replying *replying)
{
    autoresult struct result task = { 0 };
    autotalloc char *id = FORMAT(NULL, "%lld", job_number(job, "task_id", 0));
    const char *category;

    if (database_run(job->tools->database, &sql_worker_ai_reply_get, PARAMS({ "task_id", id }), &task) < 0)
        return job_release(job, -1, "the task could not be read");
    if (result_rows(&task) == 0 || !strcmp(result_text(&task, 0, "ended"), "t"))
        return job_bury(job, "there is no such task, or it has been answered");
    replying->asked = COPY(replying, result_text(&task, 0, "user_message"));
    replying->confidence = -1;
    category = result_text(&task, 0, "category");
    if (!category)
        category = category_of(replying->asked, &replying->confidence);
    replying->template = template_of(category);
    return 0;
}

int ai_reply(struct job *job)
{
    struct replying *replying = NEW(job, struct replying);
    int r = task_load(job, replying);

    if (r < 0)
        return r;
    replying->messages = messages_of(job, replying);
    talloc_set_destructor(replying, replying_free);
    return ai_ask_model(job, job->tools->config->reply_model, &(struct ai_question){ .messages = replying->messages },
                        replied, replying);
}
