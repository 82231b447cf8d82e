package glimt.safety.filter;

import glimt.job.FilterDecision;
import glimt.job.FilterDecision.FilterStage;
import glimt.media.Picture;
import java.util.List;

/** Decides whether parts of jobs may pass. */
public interface ContentFilter {
  /** Lets everything pass, and says so. */
  ContentFilter OFF =
      new ContentFilter() {
        @Override
        public FilterDecision prompt(FilteredJob job) {
          return FilterDecision.allow(FilterStage.PROMPT, FilterDecision.OFF);
        }

        @Override
        public FilterDecision pictures(FilterStage stage, FilteredJob job, List<Picture> seen) {
          return FilterDecision.allow(stage, FilterDecision.OFF);
        }
      };

  /**
   * Decides about the prompt of a job that is about to be accepted. Any thread may call this.
   *
   * @throws FilterUnavailable if the filter cannot be asked, and nothing may pass then
   */
  FilterDecision prompt(FilteredJob job);

  /**
   * Decides about what a job begins with, or has made. One thread may call this.
   *
   * @param stage whether they are an input or an output
   * @param seen the picture, or some frames of a clip
   * @throws FilterUnavailable if the filter cannot be asked, and nothing may pass then
   */
  FilterDecision pictures(FilterStage stage, FilteredJob job, List<Picture> seen);
}
