//! Placing and planning on big machines. Budgets: one adapter on 1,024 CPUs in 1 ms, 64 adapters together in 50 ms.

fn main() {
    divan::main();
}
