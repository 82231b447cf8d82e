package glimt.ledger;

import glimt.job.Effort;
import glimt.job.Timings;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Where the seconds of attempts went, as the columns that statements take. */
final class EffortColumns {
  private EffortColumns() {}

  /** Binds {@code seconds} and the parts of it; each is null where nothing was told. */
  static NamedSql.Bound bind(NamedSql.Bound statement, List<? extends @Nullable Effort> efforts) {
    List<@Nullable Timings> timings = new ArrayList<>();
    efforts.forEach(effort -> timings.add(effort == null ? null : effort.timings()));
    return statement
        .bind("seconds", Columns.doubles(efforts, Effort::seconds))
        .bind("load", Columns.doubles(timings, Timings::load))
        .bind("encode", Columns.doubles(timings, Timings::encode))
        .bind("denoise", Columns.doubles(timings, Timings::denoise))
        .bind("decode", Columns.doubles(timings, Timings::decode))
        .bind("write", Columns.doubles(timings, Timings::write))
        .bind("checkpoint", Columns.doubles(timings, Timings::checkpoint))
        .bind("waiting", Columns.doubles(timings, Timings::waiting));
  }
}
