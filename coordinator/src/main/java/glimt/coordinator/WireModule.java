package glimt.coordinator;

import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.databind.jsontype.NamedType;
import com.fasterxml.jackson.databind.module.SimpleModule;
import glimt.job.Outcome;
import glimt.job.Work;
import glimt.model.Schedule;
import glimt.model.Thresholds;
import java.util.List;

/**
 * Makes Jackson write the record's name with each value of a sealed type. When reading, only the
 * records of that type are accepted, so a message cannot instantiate another class.
 */
public final class WireModule extends SimpleModule {
  private static final List<Class<?>> SEALED =
      List.of(Work.class, Outcome.class, Schedule.class, Thresholds.class);

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
  private interface TypedByName {}

  /** Pekko calls this constructor by reflection, as {@code glimt-cluster.conf} says. */
  public WireModule() {
    super("glimt");
    for (Class<?> type : SEALED) {
      setMixInAnnotation(type, TypedByName.class);
      for (Class<?> record : type.getPermittedSubclasses()) {
        registerSubtypes(new NamedType(record, record.getSimpleName()));
      }
    }
  }
}
