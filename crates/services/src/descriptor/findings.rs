//! What a network's file lacks or has too much for its service.

use super::{Aspect, Counted, Gravity, Metric, Service, Unit};
use depin_economy::{Method, Spec};
use depin_quantity::{Name, nearest_name};
use std::{collections::BTreeSet, fmt};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The network would not work as its file says.
    Error,
    /// It works, but perhaps not as meant.
    Warning,
}

/// One thing about a network's file and its service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// Dotted path of the table that it is about; it may be one that is not there.
    pub path: String,
    /// What it is.
    pub message: String,
    /// What to do.
    pub hint: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} (hint: {})", self.path, self.message, self.hint)
    }
}

impl Service {
    /// Compares a network's file with this descriptor: metrics that are bound to nothing or that the service does not have, kinds
    /// that it never says or that the file has no rule for, pools that a metric cannot feed. The service's own parameters are
    /// checked by [`Service::read_parameters`].
    pub fn findings(&self, spec: &Spec) -> Vec<Finding> {
        let mut all = self.findings_of_version(spec);
        all.extend(self.left_out(spec));
        all.extend(spec.later().iter().flat_map(|(_, version)| self.findings_of_version(version)));
        all.sort_by(|a, b| (a.severity, &a.path, &a.message).cmp(&(b.severity, &b.path, &b.message)));
        all.dedup();
        all
    }

    /// Figures of the service's own section that may be left out, and are: what that means stands in their words.
    fn left_out(&self, spec: &Spec) -> Vec<Finding> {
        let Ok(settings) = self.read_parameters(spec) else { return Vec::new() };
        let own = self.parameters.iter().filter(|table| table.key.is_empty()).flat_map(|table| table.figures);
        own.filter(|figure| {
            figure.value.is_optional() && !figure.value.is_extra() && settings.iter().all(|setting| setting.path != figure.key)
        })
        .map(|figure| Finding {
            severity: Severity::Warning,
            path: format!("service.{}", self.name),
            message: format!("there is no `{}`: {}", figure.key, figure.description),
            hint: format!("write {} = {} to have it", figure.key, figure.value),
        })
        .collect()
    }

    fn findings_of_version(&self, spec: &Spec) -> Vec<Finding> {
        let mut findings = Findings { service: self, all: Vec::new() };
        findings.metrics(spec);
        findings.scores(spec);
        findings.pools(spec);
        findings.wash_trading(spec);
        findings.lotteries(spec);
        findings.units(spec);
        findings.kinds("utility.stream", "kind of stream", spec.streams().keys(), self.streams.iter().map(|k| k.name));
        findings.kinds("utility.charge", "kind of charge", spec.charges().keys(), self.charges.iter().map(|k| k.name));
        findings.kinds("utility.service-fee", "fee", spec.service_fees().keys(), self.fees.iter().map(|k| k.name));
        findings.kinds("incentive.pledge", "kind of pledge", spec.pledges().keys(), self.pledges.iter().map(|k| k.name));
        findings.kinds("incentive.fault", "kind of fault", spec.faults().keys(), self.faults.iter().map(|k| k.name));
        findings.kinds(
            "incentive.allowance",
            "kind of allowance",
            spec.allowances().keys(),
            self.allowances.iter().map(|k| k.name),
        );
        findings.faults(spec);
        findings.reasons(spec);
        findings.all
    }
}

struct Findings<'s> {
    service: &'s Service,
    all: Vec<Finding>,
}

impl Findings<'_> {
    fn add(&mut self, severity: Severity, path: String, message: String, hint: String) {
        self.all.push(Finding { severity, path, message, hint });
    }

    fn metrics(&mut self, spec: &Spec) {
        let service = self.service;
        for metric in service.metrics.iter().filter(|metric| spec.binding(metric.name).is_none()) {
            self.add(
                Severity::Warning,
                format!("bind.{}", metric.name),
                format!("metric `{}` is bound to nothing: {}", metric.name, metric.description),
                format!("say what it is for in [bind], or write {} = {{}} to only count it", metric.name),
            );
        }
        for name in spec.bindings().keys().filter(|name| service.metric(**name).is_none()) {
            let hint = meant(*name, service.metrics.iter().map(|metric| metric.name), "it has");
            self.add(Severity::Error, format!("bind.{name}"), format!("service `{}` has no metric `{name}`", service.name), hint);
        }
    }

    fn pools(&mut self, spec: &Spec) {
        for metric in self.service.metrics.iter().filter(|metric| metric.counted == Counted::Current) {
            let Some(pool) = spec.binding(metric.name).and_then(|binding| binding.pool) else { continue };
            if spec.pool(pool).is_some_and(|rule| rule.worth.is_some()) {
                self.add(
                    Severity::Error,
                    format!("bind.{}", metric.name),
                    format!(
                        "metric `{}` stands until it changes, and pool `{pool}` has a ceiling by the worth of one period",
                        metric.name
                    ),
                    "bind a metric that is accrued in each period, or remove `worth`".to_owned(),
                );
            }
        }
    }

    /// A pool that shares by deliveries alone, though the service says what was paid for them.
    fn wash_trading(&mut self, spec: &Spec) {
        let service = self.service;
        let pool = |metric: &Metric| spec.binding(metric.name).and_then(|binding| binding.pool);
        let Some(paid) = service.metrics_of(Aspect::Paid).next() else { return };
        for metric in service.metrics_of(Aspect::Usage) {
            let Some(name) = pool(metric).filter(|name| service.metrics_of(Aspect::Paid).all(|paid| pool(paid) != Some(*name)))
            else {
                continue;
            };
            self.add(
                Severity::Warning,
                format!("bind.{}", metric.name),
                format!(
                    "pool `{name}` shares by `{}` alone: it pays a whole period even to one who sells to themselves for next to nothing",
                    metric.name
                ),
                format!("write {} = {{ pool = \"{name}\" }} and leave `pool` out of `{}`: {}", paid.name, metric.name, paid.description),
            );
        }
    }

    /// A lottery is drawn by what stands; what is accrued in a period never wins it.
    fn lotteries(&mut self, spec: &Spec) {
        for (pool, _) in spec.pools().iter().filter(|(_, rule)| rule.method == Method::Winners) {
            let bound: Vec<&str> =
                spec.bindings().iter().filter(|(_, b)| b.pool == Some(*pool)).map(|(metric, _)| metric.as_str()).collect();
            let stands = |name: &&str| {
                let metric = self.service.metrics.iter().find(|metric| metric.name.as_str() == *name);
                metric.is_none_or(|metric| metric.counted == Counted::Current)
            };
            if !bound.is_empty() && !bound.iter().any(stands) {
                self.add(
                    Severity::Error,
                    format!("incentive.pool.{pool}.method"),
                    format!(
                        "nobody can win pool `{pool}`: it is drawn by what stands, and `{}` is accrued anew in each period",
                        bound[0]
                    ),
                    "bind a metric that stands, or use method = \"batch\"".to_owned(),
                );
            }
        }
    }

    fn scores(&mut self, spec: &Spec) {
        let service = self.service;
        for (name, rule) in spec.scores() {
            let path = format!("incentive.score.{name}");
            for scope in rule.scopes.iter().filter(|scope| service.scopes.iter().all(|known| known.name != **scope)) {
                self.add(
                    Severity::Warning,
                    path.clone(),
                    format!("service `{}` has no part `{scope}`, so nothing is ever counted for it", service.name),
                    meant(*scope, service.scopes.iter().map(|scope| scope.name), "it has"),
                );
            }
            let gauges = rule.used.iter().chain(&rule.active).map(|(gauge, _)| *gauge);
            for gauge in gauges.filter(|gauge| service.gauges.iter().all(|known| known.name != *gauge)) {
                self.add(
                    Severity::Warning,
                    path.clone(),
                    format!("service `{}` does not report `{gauge}`, which then counts as one", service.name),
                    meant(gauge, service.gauges.iter().map(|gauge| gauge.name), "it reports"),
                );
            }
        }
    }

    fn units(&mut self, spec: &Spec) {
        for kind in self.service.pledges {
            let basis = self.service.metric(kind.basis).map(|metric| metric.unit);
            if let Some(bound) = spec.binding(kind.basis)
                && bound.pledge.is_some_and(|pledge| pledge != kind.name)
            {
                self.add(
                    Severity::Warning,
                    format!("bind.{}", kind.basis),
                    format!("the service counts pledge `{}` on `{}`, which is bound to another", kind.name, kind.basis),
                    format!("write pledge = \"{}\"", kind.name),
                );
            }
            if basis == Some(Unit::Byte) && spec.pledge(kind.name).is_none() && !spec.pledges().is_empty() {
                self.add(
                    Severity::Warning,
                    format!("incentive.pledge.{}", kind.name),
                    format!("pledge `{}` has no rule: nothing is asked of {}", kind.name, kind.description),
                    format!("add [incentive.pledge.{}]", kind.name),
                );
            }
        }
    }

    fn kinds<'n>(
        &mut self,
        section: &str,
        what: &str,
        declared: impl Iterator<Item = &'n Name>,
        known: impl Iterator<Item = Name> + Clone,
    ) {
        let declared: BTreeSet<Name> = declared.copied().collect();
        let set: BTreeSet<Name> = known.clone().collect();
        for name in declared.difference(&set) {
            self.add(
                Severity::Warning,
                format!("{section}.{name}"),
                format!("service `{}` has no {what} `{name}`; nothing will ever use this rule", self.service.name),
                if set.is_empty() {
                    "remove the table, or keep it for a service that will use it".to_owned()
                } else {
                    meant(*name, known.clone(), "it has")
                },
            );
        }
        // Payments need a rule, or every use is refused; without a rule for the others nothing is asked and nothing taken.
        if section == "utility.stream" || section == "utility.charge" {
            for name in set.difference(&declared) {
                self.add(
                    Severity::Warning,
                    format!("{section}.{name}"),
                    format!("{what} `{name}` of service `{}` has no rule; every use of it is refused", self.service.name),
                    format!("add [{section}.{name}]"),
                );
            }
        }
    }

    /// Failures that cost something by their sense, and nothing by the file.
    fn faults(&mut self, spec: &Spec) {
        let service = self.service;
        for kind in service.faults.iter().filter(|kind| kind.gravity != Gravity::Noted && spec.fault(kind.name).is_none()) {
            self.add(
                Severity::Warning,
                format!("incentive.fault.{}", kind.name),
                format!("fault `{}` has no rule, so it costs nobody anything: {}", kind.name, kind.description),
                format!("add [incentive.fault.{}], with fee = \"nothing\" where that is meant", kind.name),
            );
        }
    }

    fn reasons(&mut self, spec: &Spec) {
        for kind in self.service.streams {
            let Some(rule) = spec.stream(kind.name) else { continue };
            for reason in kind.reasons.iter().filter(|reason| !rule.close.contains_key(&reason.name)) {
                self.add(
                    Severity::Error,
                    format!("utility.stream.{}.close", kind.name),
                    format!(
                        "a `{}` may end because it is `{}` ({}), and nothing says what becomes of its bond",
                        kind.name, reason.name, reason.description
                    ),
                    format!("write {} = {{ bond = \"return\", … }}", reason.name),
                );
            }
        }
    }
}

/// The name that was probably meant, or else all of them.
fn meant(given: Name, all: impl Iterator<Item = Name> + Clone, otherwise: &str) -> String {
    let known: Vec<Name> = all.clone().collect();
    match nearest_name(given.as_str(), known.iter().map(Name::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("{otherwise} {}", names(all)),
    }
}

fn names(all: impl Iterator<Item = Name>) -> String {
    all.map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}
