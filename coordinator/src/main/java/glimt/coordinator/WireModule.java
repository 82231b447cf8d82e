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
 * Tells Jackson which of a sealed type's records a message holds, by the record's name. Only these
 * records can be named, so no message can ask for another class.
 */
public final class WireModule extends SimpleModule {
  private static final List<Class<?>> SEALED =
      List.of(Work.class, Outcome.class, Schedule.class, Thresholds.class);

  @JsonTypeInfo(use = JsonTypeInfo.Id.NAME)
  private interface TypedByName {}

  /** Called by name from the configuration. */
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
