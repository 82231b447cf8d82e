package glimt.worker;

import static org.assertj.core.api.Assertions.assertThat;

import glimt.job.JobSpec;
import glimt.job.Plan;
import glimt.job.Product;
import glimt.job.Work;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Makes a draft, goes on from it, and compares that with the job that is made at once. */
final class GoneOn {
  private GoneOn() {}

  /**
   * @param spec of a job of two levels
   * @return how many tasks were done after the draft
   */
  static long from(WholeJob job, JobSpec spec) throws InterruptedException {
    List<List<Product>> whole = job.products(spec);
    String base = job.bundle().card().levels().getFirst().name();
    JobSpec draft = spec.until(base);
    Plan drafted = Plan.of(draft, job.bundle().card());
    List<List<Product>> made = job.products(draft);
    Map<Work, List<Product>> done = new HashMap<>();
    for (int i = 0; i < made.size(); i++) {
      done.put(drafted.tasks().get(i).work(), made.get(i));
    }
    assertThat(draft.until(null)).isEqualTo(spec);
    Plan rest = Plan.of(spec, job.bundle().card(), base);
    assertThat(job.products(spec, rest, done).getLast()).isEqualTo(whole.getLast());
    return rest.tasks().stream().filter(task -> !task.taken()).count();
  }
}
