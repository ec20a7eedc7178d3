/* SPDX-License-Identifier: GPL-3.0-or-later
 * ai.ocr: what a photographed receipt says (in/picture, from picture_gather()). Argument: file_id. Result: {"vendor",
 * "date", "total", "currency", "items": [{"name", "price"}], "confidence"}: what cannot be read is null, or no item;
 * confidence is 0..99. What cannot be decoded buries the job. */
#ifndef MILLRACE_TEXT_OCR_H
#define MILLRACE_TEXT_OCR_H
#include "queue/job.h"

int ai_ocr(struct job *job);
#endif
