// The least a program can do: what starting a process costs on this machine.
int main(void) {
  return 0;
}
