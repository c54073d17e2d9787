//! The compiler against the definition, and one program instruction by instruction.

use super::interpreter::run;
use super::*;
use proptest::collection::vec;
use proptest::prelude::*;

const X32: Action = Action::Errno(38);

fn filter(arch: Arch) -> Filter {
    Filter::new(arch, Action::KillProcess, X32)
}

fn clause(conditions: Vec<Condition>, action: Action) -> Clause {
    Clause { conditions, action }
}

fn call(arch: Arch, number: u32, arguments: [u64; 6]) -> Data {
    Data {
        number,
        arch: arch.audit(),
        instruction_pointer: 0x1234_5678_9abc,
        arguments,
    }
}

#[test]
fn a_small_program_reads_instruction_by_instruction() {
    let mut filter = filter(Arch::Aarch64);
    let on_terminal = clause(vec![int(1, Test::Equals(0x5412))], Action::Notify);
    let rules = Rules {
        clauses: vec![on_terminal],
        otherwise: Action::Allow,
    };
    filter.add(29, rules).unwrap();
    filter.add(117, Rules::always(Action::Errno(1))).unwrap();
    filter.add(118, Rules::always(Action::Errno(1))).unwrap();
    let expected = "   0  load arch
   1  if == 0xc00000b7 then 3 else 2
   2  ret  kill process
   3  load number
   4  if >= 0x1e then 11 else 5
   5  if >= 0x1d then 7 else 6
   6  ret  allow
   7  load argument 1 low
   8  if == 0x5412 then 9 else 10
   9  ret  notify
  10  ret  allow
  11  if >= 0x75 then 13 else 12
  12  ret  allow
  13  if >= 0x77 then 15 else 14
  14  ret  errno 1
  15  ret  allow
";
    assert_eq!(filter.compile().unwrap().to_string(), expected);
}

#[test]
fn a_filter_without_rules_is_an_error_not_an_open_door() {
    assert_eq!(filter(Arch::X86_64).compile().unwrap_err(), Error::Empty);
}

#[test]
fn a_call_is_described_once() {
    let mut filter = filter(Arch::X86_64);
    filter.add(1, Rules::always(Action::Notify)).unwrap();
    let again = filter.add(1, Rules::always(Action::Allow));
    assert_eq!(again, Err(Error::Duplicate(1)));
}

#[test]
fn conditions_that_can_never_hold_are_errors() {
    let refused = |condition| {
        let clauses = vec![clause(vec![condition], Action::Notify)];
        filter(Arch::X86_64)
            .add(
                1,
                Rules {
                    clauses,
                    otherwise: Action::Allow,
                },
            )
            .unwrap_err()
    };
    assert_eq!(refused(int(6, Test::Equals(0))), Error::Argument(6));
    let wide = Error::Operand {
        argument: 0,
        operand: 1 << 32,
    };
    assert_eq!(refused(int(0, Test::Equals(1 << 32))), wide);
    assert!(matches!(
        refused(long(0, Test::Masked { mask: 1, value: 2 })),
        Error::Operand { .. }
    ));
}

#[test]
fn numbers_that_the_prologue_decides_have_no_rules() {
    for number in [512, 547, 0x4000_0000, 0x4000_0101, u32::MAX] {
        let added = filter(Arch::X86_64).add(number, Rules::always(Action::Allow));
        assert_eq!(added, Err(Error::Number(number)));
    }
    filter(Arch::Aarch64)
        .add(512, Rules::always(Action::Notify))
        .unwrap();
}

#[test]
fn a_program_that_the_kernel_would_refuse_is_an_error() {
    let mut filter = filter(Arch::Aarch64);
    for number in 0..2000 {
        filter
            .add(2 * number, Rules::always(Action::Notify))
            .unwrap();
    }
    assert!(matches!(filter.compile(), Err(Error::TooLong(length)) if length > 4096));
}

#[test]
fn a_clause_longer_than_a_conditional_jump_is_an_error() {
    let mut filter = filter(Arch::Aarch64);
    let clauses = vec![clause(vec![int(0, Test::Differs(1)); 200], Action::Notify)];
    filter
        .add(
            1,
            Rules {
                clauses,
                otherwise: Action::Allow,
            },
        )
        .unwrap();
    assert!(matches!(filter.compile(), Err(Error::ClauseTooLong(length)) if length > 255));
}

#[test]
fn a_search_longer_than_a_conditional_jump_still_finds_every_call() {
    let mut filter = filter(Arch::X86_64);
    for number in (0..500).step_by(2) {
        let errno = u16::try_from(number).unwrap();
        filter
            .add(number, Rules::always(Action::Errno(errno)))
            .unwrap();
    }
    let program = filter.compile().unwrap();
    for number in 0..600 {
        let data = call(Arch::X86_64, number, [0; 6]);
        let outcome = run(&program, &data).unwrap();
        assert_eq!(
            outcome.action,
            filter.evaluate(&data).raw(),
            "call {number}"
        );
        assert!(outcome.steps < 25 && !outcome.read_arguments);
    }
}

#[test]
fn a_number_of_minus_one_is_left_to_the_kernel() {
    let mut filter = filter(Arch::X86_64);
    filter.add(0, Rules::always(Action::Notify)).unwrap();
    let program = filter.compile().unwrap();
    let result = |number| {
        run(&program, &call(Arch::X86_64, number, [0; 6]))
            .unwrap()
            .action
    };
    assert_eq!(result(u32::MAX), Action::Allow.raw());
    assert_eq!(result(u32::MAX - 1), X32.raw());
    assert_eq!(result(0x4000_0000), X32.raw());
    assert_eq!(result(520), X32.raw());
    assert_eq!(result(548), Action::Allow.raw());
}

#[test]
fn bits_that_the_kernel_ignores_do_not_hide_an_int() {
    let mut filter = filter(Arch::X86_64);
    let clauses = vec![clause(vec![int(1, Test::Equals(0x5412))], Action::Errno(1))];
    filter
        .add(
            16,
            Rules {
                clauses,
                otherwise: Action::Allow,
            },
        )
        .unwrap();
    let program = filter.compile().unwrap();
    let data = call(Arch::X86_64, 16, [0, 0xdead_beef_0000_5412, 0, 0, 0, 0]);
    assert_eq!(run(&program, &data).unwrap().action, Action::Errno(1).raw());
}

fn any_action() -> impl Strategy<Value = Action> {
    prop_oneof![
        Just(Action::Allow),
        Just(Action::Notify),
        Just(Action::KillProcess),
        (0..200_u16).prop_map(Action::Errno),
    ]
}

/// Few values, so that random arguments meet random conditions.
fn any_value() -> impl Strategy<Value = u64> {
    let half = prop_oneof![
        Just(0_u64),
        Just(1),
        Just(2),
        Just(0xffff_ffff),
        0..5_u64,
        any::<u32>().prop_map(u64::from)
    ];
    (half.clone(), half).prop_map(|(high, low)| high << 32 | low)
}

fn any_test() -> impl Strategy<Value = Test> {
    prop_oneof![
        any_value().prop_map(Test::Equals),
        any_value().prop_map(Test::Differs),
        (any_value(), any_value()).prop_map(|(mask, value)| Test::Masked {
            mask,
            value: value & mask
        }),
        any_value().prop_map(Test::AnyBit),
        any_value().prop_map(Test::Below),
        any_value().prop_map(Test::AtLeast),
    ]
}

fn any_condition() -> impl Strategy<Value = Condition> {
    (0..6_u8, any::<bool>(), any_test()).prop_map(|(argument, narrow, test)| {
        if narrow {
            int(argument, narrowed(test))
        } else {
            long(argument, test)
        }
    })
}

fn narrowed(test: Test) -> Test {
    const LOW: u64 = 0xffff_ffff;
    match test {
        Test::Equals(k) => Test::Equals(k & LOW),
        Test::Differs(k) => Test::Differs(k & LOW),
        Test::Masked { mask, value } => Test::Masked {
            mask: mask & LOW,
            value: value & LOW,
        },
        Test::AnyBit(k) => Test::AnyBit(k & LOW),
        Test::Below(k) => Test::Below(k & LOW),
        Test::AtLeast(k) => Test::AtLeast(k & LOW),
    }
}

fn any_rules() -> impl Strategy<Value = Rules> {
    let clauses = (vec(any_condition(), 0..4), any_action()).prop_map(|(c, a)| clause(c, a));
    (vec(clauses, 0..4), any_action()).prop_map(|(clauses, otherwise)| Rules { clauses, otherwise })
}

fn any_arch() -> impl Strategy<Value = Arch> {
    prop_oneof![Just(Arch::X86_64), Just(Arch::Aarch64)]
}

fn any_number() -> impl Strategy<Value = u32> {
    prop_oneof![
        0..60_u32,
        505..555_u32,
        0x3fff_fffe..0x4000_0003_u32,
        u32::MAX - 2..=u32::MAX
    ]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(100))]
    #[test]
    fn the_program_does_what_the_description_says(
        arch in any_arch(),
        described in proptest::collection::btree_map(0..60_u32, any_rules(), 1..40),
        calls in vec((any_number(), proptest::array::uniform6(any_value()), any::<bool>()), 50),
    ) {
        let mut filter = filter(arch);
        for (number, rules) in described {
            filter.add(number, rules).unwrap();
        }
        let program = filter.compile().unwrap();
        for (number, arguments, foreign) in calls {
            let mut data = call(arch, number, arguments);
            if foreign {
                data.arch ^= 1;
            }
            let outcome = run(&program, &data).unwrap();
            prop_assert_eq!(outcome.action, filter.evaluate(&data).raw(), "{:?}\n{}", data, program);
        }
    }
}
