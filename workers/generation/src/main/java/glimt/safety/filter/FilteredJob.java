package glimt.safety.filter;

import glimt.model.Kind;

/**
 * What a filter is told of a job.
 *
 * @param model the name of its bundle
 * @param prompt as the client wrote it
 */
public record FilteredJob(Kind kind, String model, String prompt) {}
