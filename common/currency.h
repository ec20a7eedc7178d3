/* SPDX-License-Identifier: GPL-3.0-or-later
 * The currencies of ISO 4217 (amendment 176) that are money in use: no funds, no metals, no codes for tests. */
#ifndef MILLRACE_CURRENCY_H
#define MILLRACE_CURRENCY_H

/* Decimals of its minor unit (USD 2, JPY 0, KWD 3) by the code in capitals; -1: there is no such currency. */
int currency_digits(const char *code);
#endif
