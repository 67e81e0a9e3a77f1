export const OperationsView = () => (
  <>
    <h1>Operations</h1>
    <p class="panel" />
  </>
)
