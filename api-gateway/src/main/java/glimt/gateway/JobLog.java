package glimt.gateway;

import glimt.job.JobEvent;
import glimt.job.JobState;
import glimt.job.JobView;
import glimt.ledger.Events;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** What happened to a job so far, as lines for people and for clients that read progress there. */
final class JobLog {
  private static final int LIMIT = 1000;
  private static final int BAR = 20;

  private JobLog() {}

  /** One line and when it was written. */
  record LogLine(Instant at, String text) {}

  /** The lines so far; blocks. While the job runs, the last one is a bar of its progress. */
  static List<LogLine> of(Events events, JobView job) {
    List<LogLine> lines = new ArrayList<>();
    for (JobEvent event : events.after(job.tenant(), job.id(), 0, LIMIT)) {
      String text =
          switch (event.fact()) {
            case JobEvent.Submitted submitted ->
                "submitted"
                    + (submitted.level() == null
                        ? ""
                        : ", to go on from the level %s of the job %s"
                            .formatted(submitted.level(), submitted.origin()))
                    + warnings(submitted.warnings());
            case JobEvent.Warned warned -> "warned" + warnings(warned.warnings());
            case JobEvent.JobStarted _ -> "started";
            case JobEvent.JobChanged changed -> changed(changed);
            case JobEvent.LevelFinished finished -> "level " + finished.level() + " is finished";
            case JobEvent.JobEnded ended ->
                JobDocument.word(ended.state()) + (ended.why() == null ? "" : ": " + ended.why());
          };
      lines.add(new LogLine(event.at(), text));
    }
    if (job.state() == JobState.RUNNING) {
      int done = (int) (100 * job.progress());
      int full = done * BAR / 100;
      String bar = "#".repeat(full) + " ".repeat(BAR - full);
      lines.add(new LogLine(Instant.now(), "%s%%|%s| %s/100".formatted(done, bar, done)));
    }
    return lines;
  }

  private static String changed(JobEvent.JobChanged changed) {
    List<String> parts = new ArrayList<>();
    if (changed.urgency() != null) {
      parts.add("class " + JobDocument.word(changed.urgency()));
    }
    if (changed.paused() != null) {
      parts.add(changed.paused() ? "paused" : "goes on");
    }
    if (changed.deadline() != null) {
      parts.add("deadline " + changed.deadline());
    }
    return "changed: " + (parts.isEmpty() ? "no deadline" : String.join(", ", parts));
  }

  private static String warnings(List<String> warnings) {
    return warnings.isEmpty() ? "" : ": " + String.join("; ", warnings);
  }
}
