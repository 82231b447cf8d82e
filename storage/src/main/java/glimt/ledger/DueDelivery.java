package glimt.ledger;

import glimt.job.JobEvent;
import glimt.job.TenantId;
import glimt.job.Webhook;

/**
 * An event that its claimer is to send now.
 *
 * @param attempt which attempt this is of all, by which the claim is known
 * @param tries which attempt this is of those by the schedule, from 1
 */
public record DueDelivery(
    JobEvent event, TenantId tenant, Webhook webhook, int attempt, int tries) {}
