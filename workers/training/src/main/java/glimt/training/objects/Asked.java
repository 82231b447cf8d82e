package glimt.training.objects;

/**
 * What a bundle is asked for.
 *
 * @param ofClass index into {@link ObjectWords#classes}
 */
record Asked(String prompt, int ofClass, long seed) {}
