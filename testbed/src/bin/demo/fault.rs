//! What can be broken, and how it should end.

/// What can be broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    WorkerHang,
    WorkerKilled,
    WorkerSpin,
    ConsumerLost,
    WorkerDiesAtStart,
    AllWorkersDown,
    BrokerKilled,
    BrokerHung,
    EnvEmptied,
    EnvGarbage,
    WrongPassword,
}

/// How the story should end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Repaired and verified.
    Repaired,
    /// What was tried did not help, and a person is called: no storm of restarts.
    Person,
    /// A person is called, and nothing was restarted: that could not help.
    PersonUntouched,
}

impl Fault {
    pub(crate) const ALL: [Fault; 11] = [
        Fault::WorkerHang,
        Fault::WorkerKilled,
        Fault::WorkerSpin,
        Fault::ConsumerLost,
        Fault::WorkerDiesAtStart,
        Fault::AllWorkersDown,
        Fault::BrokerKilled,
        Fault::BrokerHung,
        Fault::EnvEmptied,
        Fault::EnvGarbage,
        Fault::WrongPassword,
    ];

    /// As `FAULT=` has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Fault::WorkerHang => "worker-hang",
            Fault::WorkerKilled => "worker-killed",
            Fault::WorkerSpin => "worker-spin",
            Fault::ConsumerLost => "consumer-lost",
            Fault::WorkerDiesAtStart => "worker-dies-at-start",
            Fault::AllWorkersDown => "all-workers-down",
            Fault::BrokerKilled => "broker-killed",
            Fault::BrokerHung => "broker-hung",
            Fault::EnvEmptied => "env-emptied",
            Fault::EnvGarbage => "env-garbage",
            Fault::WrongPassword => "wrong-password",
        }
    }

    /// For the list of faults.
    pub(crate) fn about(self) -> &'static str {
        match self {
            Fault::WorkerHang => "a worker freezes with messages in its hands (SIGSTOP)",
            Fault::WorkerKilled => "a worker is killed (SIGKILL)",
            Fault::WorkerSpin => "a worker burns a core and acknowledges nothing",
            Fault::ConsumerLost => "a worker loses its consumer and stays connected",
            Fault::WorkerDiesAtStart => "a new version of a worker dies at each start: a person's",
            Fault::AllWorkersDown => "every worker is killed at once",
            Fault::BrokerKilled => "the broker is killed (SIGKILL)",
            Fault::BrokerHung => "the broker freezes; its sockets still accept (SIGSTOP)",
            Fault::EnvEmptied => "the incident: .env empty, workers started anew on it",
            Fault::EnvGarbage => ".env is overwritten with what is no env file",
            Fault::WrongPassword => "the broker's password changes: a person's, nothing restarts",
        }
    }

    pub(crate) fn end(self) -> End {
        match self {
            Fault::WorkerDiesAtStart => End::Person,
            Fault::WrongPassword => End::PersonUntouched,
            _ => End::Repaired,
        }
    }

    /// Arguments of the workers, by which the fault can be ordered later.
    pub(crate) fn orders(self) -> &'static [&'static str] {
        match self {
            Fault::WorkerSpin => &["--fault-on-signal", "--fault", "spin"],
            Fault::ConsumerLost => &["--fault-on-signal", "--fault", "cancel-consumer"],
            _ => &[],
        }
    }
}
