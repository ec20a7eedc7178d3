/* SPDX-License-Identifier: GPL-3.0-or-later
 * The functions of all job kinds. They are weak: a program that does not carry one sees NULL, and so the one table of
 * kinds (kinds.c) can be linked into every program: the front checks arguments with it, the dispatcher runs what waits
 * on the network, the fenced runner what chews on bytes. */
#ifndef MILLRACE_KINDS_H
#define MILLRACE_KINDS_H
#include "queue/job.h"

/* ai: direct/ai_*.c, and behind the fence fenced/text/ */
__attribute__((weak)) int ai_complete(struct job *job);
__attribute__((weak)) int ai_predict(struct job *job);
__attribute__((weak)) int ai_classify_gather(struct job *job);
__attribute__((weak)) int ai_classify(struct job *job);
__attribute__((weak)) int ai_train(struct job *job);
__attribute__((weak)) int ai_fit_gather(struct job *job);
__attribute__((weak)) int ai_fit(struct job *job);
__attribute__((weak)) int ai_reply(struct job *job);
__attribute__((weak)) int ai_cancel(struct job *job);

/* fenced/ */
__attribute__((weak)) int image_gather(struct job *job);
__attribute__((weak)) int image_generate(struct job *job);
__attribute__((weak)) int image_variant(struct job *job);
__attribute__((weak)) int ai_ocr(struct job *job);
/* ai.food: fenced/image/, and beside the fence */
__attribute__((weak)) int ai_food(struct job *job);
__attribute__((weak)) int ai_food_gather(struct job *job);
__attribute__((weak)) int ai_food_conclude(struct job *job);
__attribute__((weak)) int media_hls(struct job *job);
__attribute__((weak)) int media_join(struct job *job);
__attribute__((weak)) int media_part(struct job *job);
__attribute__((weak)) int media_poster(struct job *job);
__attribute__((weak)) int media_probe(struct job *job);
__attribute__((weak)) int media_transcode(struct job *job);
/* direct/ */
__attribute__((weak)) int media_gather(struct job *job);
__attribute__((weak)) int media_gather_parts(struct job *job);
__attribute__((weak)) int media_gather_whole(struct job *job);
__attribute__((weak)) int mail_magic_link(struct job *job);
__attribute__((weak)) int mail_token(struct job *job);
__attribute__((weak)) int mail_invitation(struct job *job);

/* direct/, of kinds that look at a picture: argument file_id; leaves in/picture. When that has been taken back the job
 * is buried; but an avatar's is through, with {"gone": true}: then another one has been sent */
__attribute__((weak)) int picture_gather(struct job *job);
__attribute__((weak)) int variant_gather(struct job *job);
/* text messages */
__attribute__((weak)) int sms_send(struct job *job);
__attribute__((weak)) int sms_broadcast(struct job *job);
__attribute__((weak)) int sms_status(struct job *job);
__attribute__((weak)) int sms_remind(struct job *job);
/* reports */
__attribute__((weak)) int report_gather(struct job *job);
__attribute__((weak)) int report_generate(struct job *job);
__attribute__((weak)) int report_expire(struct job *job);
/* what goes out, and the house */
__attribute__((weak)) int mail_send(struct job *job);
__attribute__((weak)) int mail_digest(struct job *job);
__attribute__((weak)) int hook_deliver(struct job *job);
__attribute__((weak)) int hook_fanout(struct job *job);
__attribute__((weak)) int integ_sync(struct job *job);
__attribute__((weak)) int maint_erase(struct job *job);
__attribute__((weak)) int maint_expire(struct job *job);
__attribute__((weak)) int maint_probe(struct job *job);
__attribute__((weak)) int maint_remind(struct job *job);
/* direct/, the queue billing */
__attribute__((weak)) int billing_method_attach(struct job *job);
__attribute__((weak)) int billing_method_detach(struct job *job);
__attribute__((weak)) int billing_subscribe(struct job *job);
__attribute__((weak)) int billing_cancel(struct job *job);
__attribute__((weak)) int billing_reactivate(struct job *job);
__attribute__((weak)) int billing_checkout(struct job *job);
__attribute__((weak)) int billing_portal(struct job *job);
__attribute__((weak)) int billing_pay(struct job *job);
__attribute__((weak)) int billing_close(struct job *job);
__attribute__((weak)) int billing_event(struct job *job);
#endif
