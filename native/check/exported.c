/* A library that needs the functions of coverage.cc, as instrumented plugins do. The checker is linked with it
 * where the linker does not take exported.list. */
#define REFER(name)                         \
  extern void __sanitizer_cov_##name(void); \
  void tenon_refer_##name(void);            \
  void tenon_refer_##name(void) { __sanitizer_cov_##name(); }

REFER(8bit_counters_init)
REFER(bool_flag_init)
REFER(pcs_init)
REFER(trace_cmp1)
REFER(trace_cmp2)
REFER(trace_cmp4)
REFER(trace_cmp8)
REFER(trace_cmpd)
REFER(trace_cmpf)
REFER(trace_const_cmp1)
REFER(trace_const_cmp2)
REFER(trace_const_cmp4)
REFER(trace_const_cmp8)
REFER(trace_div4)
REFER(trace_div8)
REFER(trace_gep)
REFER(trace_pc)
REFER(trace_pc_guard)
REFER(trace_pc_guard_init)
REFER(trace_pc_indir)
REFER(trace_switch)
