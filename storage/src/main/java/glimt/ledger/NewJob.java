package glimt.ledger;

import glimt.job.ArtifactId;
import glimt.job.FilterDecision;
import glimt.job.JobClass;
import glimt.job.JobId;
import glimt.job.JobLimits;
import glimt.job.JobSpec;
import glimt.job.Plan;
import glimt.job.TenantId;
import glimt.job.Webhook;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * A job to be stored.
 *
 * @param spec what is asked for
 * @param card the digest of the card in the catalogue with which the plan was made
 * @param plan how it is made
 * @param urgency its class
 * @param limits what it may take
 * @param key the client's idempotency key; null if the job is new for certain
 * @param origin the job of the tenant that it is made from; null for none
 * @param decisions of the content filter, which let its prompt pass
 * @param webhook where its events are sent; null for nowhere
 */
public record NewJob(
    TenantId tenant,
    JobSpec spec,
    ArtifactId card,
    Plan plan,
    JobClass urgency,
    JobLimits limits,
    @Nullable IdempotencyKey key,
    @Nullable JobId origin,
    List<FilterDecision> decisions,
    @Nullable Webhook webhook) {

  public NewJob {
    decisions = List.copyOf(decisions);
  }

  /** A job of the normal class without limits, key, origin, decisions and webhook. */
  public static NewJob of(TenantId tenant, JobSpec spec, ArtifactId card, Plan plan) {
    return new NewJob(
        tenant, spec, card, plan, JobClass.NORMAL, JobLimits.NONE, null, null, List.of(), null);
  }

  /** The same job with another spec of the same prompt, and its plan. */
  public NewJob planned(JobSpec as, Plan by) {
    return new NewJob(tenant, as, card, by, urgency, limits, key, origin, decisions, webhook);
  }

  /** The same job with another class. */
  public NewJob urgency(JobClass of) {
    return new NewJob(tenant, spec, card, plan, of, limits, key, origin, decisions, webhook);
  }

  /** The same job with other limits. */
  public NewJob limits(JobLimits of) {
    return new NewJob(tenant, spec, card, plan, urgency, of, key, origin, decisions, webhook);
  }

  /** The same job with another idempotency key. */
  public NewJob key(@Nullable IdempotencyKey of) {
    return new NewJob(tenant, spec, card, plan, urgency, limits, of, origin, decisions, webhook);
  }

  /** The same job, made from another. */
  public NewJob origin(@Nullable JobId of) {
    return new NewJob(tenant, spec, card, plan, urgency, limits, key, of, decisions, webhook);
  }

  /** The same job with other decisions. */
  public NewJob decisions(List<FilterDecision> of) {
    return new NewJob(tenant, spec, card, plan, urgency, limits, key, origin, of, webhook);
  }

  /** The same job with another webhook. */
  public NewJob webhook(@Nullable Webhook of) {
    return new NewJob(tenant, spec, card, plan, urgency, limits, key, origin, decisions, of);
  }
}
