package glimt.deploy.chaos;

import java.util.List;
import java.util.stream.Stream;

/** Every fault there is. */
final class Faults {
  static final List<Fault> ALL =
      Stream.of(WorkerFaults.ALL, NodeFaults.ALL, MemoryFaults.ALL).flatMap(List::stream).toList();

  private Faults() {}

  static Stream<Poison> poisons(List<Fault> chosen) {
    return Stream.of(Poison.values())
        .filter(poison -> chosen.stream().anyMatch(one -> one.name().equals(poison.bundle())));
  }
}
