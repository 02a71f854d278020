/* A locale that writes numbers with a comma. */
#ifndef TENON_CHECK_COMMA_LOCALE_H
#define TENON_CHECK_COMMA_LOCALE_H

namespace tenon::check {

/* Makes this process write and read numbers with a decimal comma (LC_NUMERIC only). Uses an installed locale, or
 * makes one. Returns false if neither is possible. */
bool UseCommaLocale();
/* Returns to the locale C. */
void UsePointLocale();

}  // namespace tenon::check

#endif
