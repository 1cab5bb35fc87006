/* SPDX-License-Identifier: Apache-2.0 */
#include "ctl/reason.h"

#include <stdarg.h>
#include <stdio.h>

bool reason_set(struct reason *reason, const char *format, ...)
{
	va_list list;

	va_start(list, format);
	vsnprintf(reason->text, sizeof(reason->text), format, list);
	va_end(list);
	return false;
}
