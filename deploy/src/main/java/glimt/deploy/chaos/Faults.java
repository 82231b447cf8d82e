package glimt.deploy.chaos;

import java.util.List;
import java.util.stream.Stream;

/** The list of all faults. */
final class Faults {
  static final List<FarmFault> ALL =
      Stream.of(WorkerFaults.ALL, ScheduleFaults.ALL, NodeFaults.ALL, MemoryFaults.ALL)
          .flatMap(List::stream)
          .toList();

  private Faults() {}

  /** The tampered bundles that these faults need. */
  static List<Tampered> bundles(List<FarmFault> chosen) {
    return Stream.of(Tampered.values())
        .filter(one -> chosen.stream().anyMatch(fault -> fault.name().equals(one.bundle())))
        .toList();
  }
}
